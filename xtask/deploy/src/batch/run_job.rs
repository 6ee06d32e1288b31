//! A batch as a job of S3 Batch Operations: its steps, and running them.

use anyhow::{Context, Error, Result, ensure};
use fs_err as fs;
use layer::Digest;
use support::progress::print_status;
use time::OffsetDateTime;

use super::follow::{JobOutput, follow, going_on, sum_up};
use super::function::BatchFunction;
use super::job::{JOB_ID, Job, JobRequest, MANIFEST};
use super::listing::JOBS_FOLDER;
use super::manifest::manifest;
use super::role;
use super::source::Source;
use crate::apply::apply;
use crate::aws::Aws;
use crate::aws::error::AwsError;
use crate::deployed;
use crate::settings::S3Prefix;
use crate::steps::Step;

/// Of the digest in the name of a job's folder.
const DIGEST_CHARS: usize = 12;
/// The most that S3 permits.
const MAX_DESCRIPTION_CHARS: usize = 256;

/// Writes the manifest. With `again`, it is a new job, even if there is the same one of today.
pub fn steps(
    aws: &mut Aws,
    function: &BatchFunction,
    source: &Source,
    folder: &S3Prefix,
    again: bool,
) -> Result<Vec<Step>> {
    let (plan, scope, arn) = (&function.plan, &function.scope, function.arn());
    source.check_folder(aws, plan, scope, folder)?;
    let found = deployed::role(aws, &plan.batch_role_name())?;
    let role = role::step(plan, scope, found.as_ref(), &arn, folder)?;
    let text = manifest(&source.place.bucket, &source.listing.objects);
    let now = OffsetDateTime::now_utc();
    let token = token(
        &[&arn, &function.version.version, &folder.to_string(), &text],
        now,
        again,
    );
    let file = function.folder.join(MANIFEST);
    fs::create_dir_all(&function.folder)?;
    fs::write(&file, text)?;
    let request = JobRequest {
        function_arn: &arn,
        role: &plan.batch_role_name(),
        folder: &S3Prefix {
            bucket: folder.bucket.clone(),
            prefix: format!("{}{token}/", folder.prefix),
        },
        token: &token,
        description: &description(&function.version.display_name(), &source.place),
        manifest: &file,
        number: source.listing.number,
    };
    Ok([role].into_iter().chain(request.steps(scope)).collect())
}

/// The same one for the same job on the same day, which S3 does not make twice.
fn token(parts: &[&str], now: OffsetDateTime, again: bool) -> String {
    let digest = Digest::of(parts.join("\n").as_bytes()).hex();
    let date = now.date();
    match again {
        false => format!("{date}-{digest:.DIGEST_CHARS$}"),
        true => format!("{date}-{digest:.DIGEST_CHARS$}-{}", now.unix_timestamp()),
    }
}

/// Makes the job, and follows it, unless it is not to `wait`.
pub fn run(aws: &mut Aws, function: &BatchFunction, steps: &[Step], wait: bool) -> Result<JobOutput> {
    apply(aws, steps).map_err(explained)?;
    let id = aws.variable(JOB_ID);
    let id = id.context("S3 did not say what the job's ID is")?.to_owned();
    let job = match wait {
        true => follow(aws, &function.scope, &id)?,
        false => {
            print_status(&going_on(&function.scope, &id));
            Job::find(aws, &function.scope, &id)?
        }
    };
    Ok(sum_up(aws, job, &function.folder))
}

/// S3 compares the requests of a token, and the manifest's ETag with them, which encryption can change.
fn explained(error: Error) -> Error {
    let refusal = error.downcast_ref::<AwsError>();
    match refusal.is_some_and(|error| error.has_code(&["IdempotencyException"])) {
        true => error.context(
            "there is another job of today for the same objects; `aws s3control list-jobs` lists it, `--job ID` follows \
             it, and `--again` makes a new one",
        ),
        false => error,
    }
}

/// That of all jobs of the function.
///
/// # Errors
/// Its keys would need quotes in a command.
pub fn folder(report: Option<&S3Prefix>, place: &S3Prefix, function: &str) -> Result<S3Prefix> {
    let (bucket, prefix) = match report {
        Some(report) => (&report.bucket, report.prefix.as_str()),
        None => (&place.bucket, JOBS_FOLDER),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    ensure!(
        prefix.chars().all(is_plain),
        "`--report` has `{prefix}`; use only letters, digits, `-`, `_`, `.` and `/`"
    );
    let is_folder = prefix.is_empty() || prefix.ends_with('/');
    let separator = if is_folder { "" } else { "/" };
    Ok(S3Prefix {
        bucket: bucket.clone(),
        prefix: format!("{prefix}{separator}{function}/"),
    })
}

fn description(function: &str, place: &S3Prefix) -> String {
    let text = format!("{function} for {place}");
    text.chars().take(MAX_DESCRIPTION_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_jobs_have_a_folder_for_each_function() {
        let place = "s3://photos/in/".parse().unwrap();
        let folder_of = |report: Option<&str>| {
            let report = report.map(|text| text.parse().unwrap());
            folder(report.as_ref(), &place, "thumbs").map(|folder| folder.to_string())
        };
        assert_eq!(folder_of(None).unwrap(), "s3://photos/batch-jobs/thumbs/");
        assert_eq!(folder_of(Some("s3://reports")).unwrap(), "s3://reports/thumbs/");
        assert_eq!(folder_of(Some("s3://reports/a")).unwrap(), "s3://reports/a/thumbs/");
        assert!(
            folder_of(Some("s3://reports/a,b/"))
                .unwrap_err()
                .to_string()
                .contains("`a,b/`")
        );
    }

    #[test]
    fn the_same_job_of_a_day_has_the_same_token() {
        let time = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let now = 1_795_964_400;
        let first = token(&["f", "1"], time(now), false);
        assert!(first.starts_with("2026-11-29-") && first.len() == 23, "{first}");
        assert_eq!(token(&["f", "1"], time(now + 60), false), first);
        assert_ne!(token(&["f", "2"], time(now), false), first);
        assert_ne!(token(&["f", "1"], time(now + 86_400), false), first);
        let again = token(&["f", "1"], time(now), true);
        assert!(again.starts_with(&first) && again.len() <= 64, "{again}");
    }
}
