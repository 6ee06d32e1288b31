//! The objects that a batch is about, and what is checked before anything is done with them.

use std::num::NonZeroUsize;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::listing::{Exclusion, JOBS_FOLDER, Listing, list, matches};
use crate::arn::Scope;
use crate::aws::Aws;
use crate::aws::error::{AwsError, AwsErrorKind};
use crate::deployed::{self, DeployedBucket};
use crate::plan::Plan;
use crate::settings::S3Prefix;
use crate::steps::trigger::invoked_for;

pub struct Source {
    pub place: S3Prefix,
    pub listing: Listing,
    /// What one should know before it begins.
    pub notes: Vec<String>,
    bucket: DeployedBucket,
}

impl Source {
    /// `folder` is that of jobs' files.
    ///
    /// # Errors
    /// The bucket is missing or elsewhere, or there is no object.
    pub fn read(
        aws: &mut Aws,
        plan: &Plan,
        scope: &Scope,
        place: &S3Prefix,
        folder: &S3Prefix,
        limit: Option<NonZeroUsize>,
    ) -> Result<Self> {
        let bucket = checked_bucket(aws, &place.bucket, scope)?;
        let policy = role_policy(aws, plan)?;
        let own = (folder.bucket == place.bucket).then(|| folder.prefix.clone());
        let exclusion = Exclusion {
            written: keys_of(&policy, "WriteObjects", &place.bucket),
            job_files: own.into_iter().chain([JOBS_FOLDER.to_owned()]).collect(),
        };
        let all = list(aws, place).with_context(|| format!("failed to list the objects below {place}"))?;
        Ok(Self {
            place: place.clone(),
            listing: Listing::new(all, place, &exclusion, limit.map(NonZeroUsize::get))?,
            notes: access_note(plan, &policy, place).into_iter().collect(),
            bucket,
        })
    }

    #[cfg(test)]
    pub fn new(place: S3Prefix, listing: Listing, bucket: DeployedBucket) -> Self {
        Self {
            place,
            listing,
            notes: Vec::new(),
            bucket,
        }
    }

    /// # Errors
    /// The bucket of jobs' files is missing or elsewhere, or they would invoke the function.
    pub fn check_folder(&self, aws: &mut Aws, plan: &Plan, scope: &Scope, folder: &S3Prefix) -> Result<()> {
        match folder.bucket == self.place.bucket {
            true => check_folder(plan, folder, &self.bucket.notifications),
            false => check_folder(plan, folder, &checked_bucket(aws, &folder.bucket, scope)?.notifications),
        }
    }
}

fn checked_bucket(aws: &mut Aws, name: &str, scope: &Scope) -> Result<DeployedBucket> {
    let Some(bucket) = deployed::bucket(aws, name)? else {
        bail!("the bucket `{name}` does not exist, or you may not see it");
    };
    ensure!(
        bucket.region == scope.region,
        "the bucket `{name}` is in {}, but the function is looked for in {}; set AWS_REGION={}, and deploy the function \
         there",
        bucket.region,
        scope.region,
        bucket.region
    );
    Ok(bucket)
}

/// Null if there is none, or the caller may not read it.
fn role_policy(aws: &mut Aws, plan: &Plan) -> Result<Value> {
    match deployed::role(aws, &plan.role_name()) {
        Ok(role) => Ok(role
            .and_then(|mut role| role.policies.remove(&plan.name))
            .unwrap_or_default()),
        Err(error) => match error.downcast_ref::<AwsError>() {
            Some(refusal) if matches!(refusal.kind, AwsErrorKind::AccessDenied(_)) => Ok(Value::Null),
            _ => Err(error),
        },
    }
}

/// A manifest must not invoke the function.
fn check_folder(plan: &Plan, folder: &S3Prefix, notifications: &Value) -> Result<()> {
    if let Some(prefix) = invoked_for(&plan.name, &folder.prefix, notifications) {
        bail!(
            "the files of the job would be below {folder}, where new objects invoke the function (`{prefix}*`); choose \
             another place with `--report s3://BUCKET/PREFIX`"
        );
    }
    Ok(())
}

/// Patterns of keys in this bucket, of a statement in the policy of the function's role.
fn keys_of(policy: &Value, sid: &str, bucket: &str) -> Vec<String> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let resources = statements
        .filter(|statement| statement["Sid"] == sid)
        .flat_map(|statement| {
            let one = statement["Resource"].as_str();
            let several = statement["Resource"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            one.into_iter().chain(several)
        });
    let objects = resources.filter_map(|arn| arn.split_once(":::")?.1.split_once('/'));
    objects
        .filter(|(name, _)| *name == bucket)
        .map(|(_, key)| key.to_owned())
        .collect()
}

/// If `deploy` made the role, and did not permit it to read these objects.
fn access_note(plan: &Plan, policy: &Value, place: &S3Prefix) -> Option<String> {
    let key = format!("{}any", place.prefix);
    let readable = keys_of(policy, "ReadObjects", &place.bucket);
    let is_readable = policy.is_null() || readable.iter().any(|pattern| matches(pattern, &key));
    (!is_readable).then(|| {
        let S3Prefix { bucket, prefix } = place;
        format!(
            "the policy of the role `{}` does not permit the function to read {bucket}/{prefix}*; unless another policy \
             does, add it to `access` in deploy.toml with what it writes there, and deploy it",
            plan.role_name()
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::tests::{plan, scope};

    #[test]
    fn written_and_readable_keys_are_those_of_the_policy() {
        let policy = plan().role_policy(&scope());
        assert_eq!(keys_of(&policy, "WriteObjects", "photos"), ["out/in/*"]);
        assert_eq!(keys_of(&policy, "WriteObjects", "other"), [""; 0]);
        let note = |place: &str| access_note(&plan(), &policy, &place.parse().unwrap());
        assert_eq!(note("s3://photos/in/"), None);
        assert_eq!(note("s3://photos/in/2026/"), None);
        assert!(
            note("s3://photos/")
                .unwrap()
                .contains("`thumbs-role` does not permit the function to read photos/*")
        );
        assert_eq!(
            access_note(&plan(), &Value::Null, &"s3://photos/".parse().unwrap()),
            None
        );
    }

    #[test]
    fn files_of_jobs_must_not_invoke_the_function() {
        let folder = "s3://photos/batch-jobs/thumbs/".parse().unwrap();
        let notification = |id: &str, prefix: &str| {
            json!({"LambdaFunctionConfigurations": [{
                "Id": id, "LambdaFunctionArn": "arn:f", "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": prefix}]}},
            }]})
        };
        check_folder(&plan(), &folder, &notification("thumbs/in/", "in/")).unwrap();
        check_folder(&plan(), &folder, &notification("other", "")).unwrap();
        let error = check_folder(&plan(), &folder, &notification("thumbs/", ""))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("invoke the function (`*`)") && error.contains("--report"),
            "{error}"
        );
    }
}
