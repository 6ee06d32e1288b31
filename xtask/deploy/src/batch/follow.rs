//! Follows a job until it ends, and reads its report.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fs_err as fs;
use serde::Serialize;
use support::interruption::{Cleanup, scratch_dir};
use support::progress::{ProgressStep, print_status};

use super::job::Job;
use super::report::{ErrorGroup, Failures, errors_text, failed_files};
use crate::arn::Scope;
use crate::aws::error::AwsError;
use crate::aws::{Aws, AwsCommand};

/// Besides the time of a call, which is half a second.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobOutput {
    #[serde(flatten)]
    pub job: Job,
    pub errors: Vec<ErrorGroup>,
    /// The folder of the report.
    pub report: Option<String>,
    /// Why the report says nothing.
    pub report_error: Option<String>,
}

/// Prints `line` if the process is interrupted while the value exists.
pub fn on_interruption(line: String) -> Result<(Arc<AtomicBool>, Cleanup)> {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let cleanup = Cleanup::new(move || {
        if !flag.load(Ordering::Relaxed) {
            print_status(&line);
        }
    })?;
    Ok((ended, cleanup))
}

/// Until the job has ended.
///
/// # Errors
/// It cannot be read, or waits for someone's confirmation.
pub fn follow(aws: &mut Aws, scope: &Scope, id: &str) -> Result<Job> {
    let (ended, _message) = on_interruption(going_on(scope, id))?;
    let job = poll(aws, scope, id);
    ended.store(true, Ordering::Relaxed);
    job
}

/// How to go on with a job that this command no longer follows.
pub fn going_on(scope: &Scope, id: &str) -> String {
    format!(
        "the job goes on without this command: `cargo xtask batch --job {id}` follows it, and `aws s3control \
         update-job-status --account-id {} --job-id {id} --requested-job-status Cancelled` cancels it",
        scope.account
    )
}

fn poll(aws: &mut Aws, scope: &Scope, id: &str) -> Result<Job> {
    let mut progress = ProgressStep::start(format!("job {id}"));
    let mut status = String::new();
    let mut has_failures = false;
    loop {
        let job = poll_until_answered(|| Job::find(aws, scope, id)).with_context(|| going_on(scope, id))?;
        if job.status != status {
            status.clone_from(&job.status);
            print_status(&format!("{}{}", job.status, rate(&job)));
        }
        if job.failed > 0 && !has_failures {
            has_failures = true;
            print_status(&format!(
                "{} of {} objects failed so far",
                job.failed,
                job.ended_tasks()
            ));
        }
        if job.total > 0 {
            progress.advance(job.ended_tasks(), job.total);
        }
        if job.has_ended() {
            return Ok(job);
        }
        if job.is_suspended() {
            bail!(
                "the job {id} waits for a confirmation: {}; confirm it in the console of S3, then {}",
                job.reasons.join("; "),
                going_on(scope, id)
            );
        }
        sleep(POLL_INTERVAL);
    }
}

/// The result of `poll`, which is repeated after temporary failures.
pub(super) fn poll_until_answered<T>(mut poll: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match poll() {
            Err(error) if error.downcast_ref::<AwsError>().is_some_and(AwsError::is_temporary) => {
                print_status(&format!("{error}; it is tried again"));
                sleep(POLL_INTERVAL);
            }
            result => return result,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
fn rate(job: &Job) -> String {
    match (job.seconds, job.ended_tasks()) {
        (0, _) | (_, 0) => String::new(),
        (seconds, tasks) => format!(", {:.1} objects a second", tasks as f64 / seconds as f64),
    }
}

/// The job, with the errors of its report if it has ended.
pub fn sum_up(aws: &mut Aws, job: Job, target: &Path) -> JobOutput {
    let (mut errors, mut report_error) = (Vec::new(), None);
    if job.has_ended() && job.failed > 0 {
        match read_errors(aws, &job, target) {
            Ok(found) => errors = found,
            Err(error) => report_error = Some(format!("{error:#}")),
        }
    }
    JobOutput {
        report: job.report_folder().map(|folder| folder.to_string()),
        job,
        errors,
        report_error,
    }
}

fn read_errors(aws: &mut Aws, job: &Job, target: &Path) -> Result<Vec<ErrorGroup>> {
    let folder = job.report_folder().context("the job has no report")?;
    fs::create_dir_all(target)?;
    let (scratch, _cleanup) = scratch_dir(target)?;
    let file = scratch.path().join("file");
    let mut read = |bucket: &str, key: &str| -> Result<Vec<u8>> {
        let command = AwsCommand::new("s3api", "get-object")
            .option("bucket", bucket)
            .option("key", key);
        match aws.run(&command.word(&file.display().to_string())) {
            Ok(_) => Ok(fs::read(&file)?),
            Err(error) if error.is_not_found() || error.has_code(&["NoSuchKey"]) => bail!(
                "s3://{bucket}/{key} does not exist; S3 writes no report if no task ran, and the role needs the permission \
                 to write it"
            ),
            Err(error) => Err(error.into()),
        }
    };
    let manifest = read(&folder.bucket, &format!("{}manifest.json", folder.prefix))?;
    let files = failed_files(&String::from_utf8_lossy(&manifest)).with_context(|| format!("the report {folder}"))?;
    let mut failures = Failures::default();
    for file in files {
        let content = read(&file.bucket, &file.key)?;
        failures
            .add(&content)
            .with_context(|| format!("the report s3://{}/{}", file.bucket, file.key))?;
    }
    Ok(failures.groups())
}

impl JobOutput {
    /// # Errors
    /// It did not do all it should.
    pub fn check(&self) -> Result<()> {
        let Job {
            id,
            status,
            failed,
            total,
            reasons,
            ..
        } = &self.job;
        match status.as_str() {
            "Failed" | "Cancelled" => {
                let reasons = if reasons.is_empty() {
                    "S3 gives no reason".to_owned()
                } else {
                    reasons.join("; ")
                };
                bail!(
                    "the job {id} is {}: {reasons}; correct it, and run the same command with `--again`",
                    status.to_lowercase()
                )
            }
            _ if *failed > 0 => bail!("{failed} of {total} objects failed"),
            _ => Ok(()),
        }
    }

    pub fn to_text(&self) -> String {
        let job = &self.job;
        let mut text = format!(
            "job {}, {}: {} of {} objects succeeded, {} failed{}\n",
            job.id,
            job.status.to_lowercase(),
            job.succeeded,
            job.total,
            job.failed,
            rate(job)
        );
        for reason in &job.reasons {
            text += &format!("  {reason}\n");
        }
        if !self.errors.is_empty() {
            text += &format!("Errors, each with the first one:\n{}", errors_text(&self.errors));
        }
        if let Some(error) = &self.report_error {
            text += &format!("The report cannot be read: {error}\n");
        }
        if let Some(report) = &self.report {
            text += &format!("report: {report}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(status: &str, failed: u64) -> JobOutput {
        JobOutput {
            job: Job {
                id: "j-1".to_owned(),
                status: status.to_owned(),
                total: 10,
                succeeded: 10 - failed,
                failed,
                seconds: 4,
                ..Job::default()
            },
            errors: Vec::new(),
            report: None,
            report_error: None,
        }
    }

    #[test]
    fn failures_of_tasks_and_of_the_job_are_errors() {
        output("Complete", 0).check().unwrap();
        let error = |output: &JobOutput| output.check().unwrap_err().to_string();
        assert_eq!(error(&output("Complete", 3)), "3 of 10 objects failed");
        let mut ended = output("Failed", 0);
        assert!(error(&ended).contains("job j-1 is failed: S3 gives no reason"));
        ended.job.reasons.push("ManifestNotFound: no manifest".to_owned());
        assert!(error(&ended).contains("ManifestNotFound: no manifest; correct it"));
        assert!(error(&output("Cancelled", 2)).contains("is cancelled"));
    }

    #[test]
    fn sums_have_counts_and_the_rate() {
        let text = output("Complete", 3).to_text();
        let expected = "job j-1, complete: 7 of 10 objects succeeded, 3 failed, 2.5 objects a second\n";
        assert_eq!(text, expected);
    }
}
