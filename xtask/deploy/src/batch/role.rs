//! The role with which S3 Batch Operations reads manifests, invokes the function and writes reports. It has a policy for
//! each bucket with files of jobs, so that jobs of several buckets do not need each other's end.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-iam-role-policies.html>

use anyhow::Result;
use serde_json::{Value, json};

use super::job::{MANIFEST, REPORT};
use crate::arn::Scope;
use crate::deployed::{Role, check_owner};
use crate::plan::Plan;
use crate::plan::policy::{document, trust};
use crate::settings::S3Prefix;
use crate::steps::Step;
use crate::steps::role::PlannedRole;

const SERVICE: &str = "batchoperations.s3.amazonaws.com";

/// `folder` is that of all jobs of the function.
///
/// # Errors
/// There is a role of this name that is not the function's.
pub fn step(plan: &Plan, scope: &Scope, found: Option<&Role>, function_arn: &str, folder: &S3Prefix) -> Result<Step> {
    let name = plan.batch_role_name();
    if let Some(role) = found {
        check_owner(&format!("role `{name}`"), &role.tags, plan)?;
    }
    let planned = PlannedRole {
        name,
        trust: trust(SERVICE),
        policy_name: &folder.bucket,
        policy: policy(scope, function_arn, folder),
    };
    Ok(planned.step(plan, found))
}

fn policy(scope: &Scope, function_arn: &str, folder: &S3Prefix) -> Value {
    let files = |name: &str| scope.object(&folder.bucket, &format!("{}*/{name}", folder.prefix));
    let in_account = json!({"StringEquals": {"s3:ResourceAccount": scope.account}});
    document(&[
        json!({
            "Sid": "InvokeFunction", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function_arn,
        }),
        json!({
            "Sid": "ReadManifests", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": files(MANIFEST), "Condition": in_account,
        }),
        json!({
            "Sid": "WriteReports", "Effect": "Allow", "Action": "s3:PutObject",
            "Resource": files(&format!("{REPORT}/*")), "Condition": in_account,
        }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{plan, scope};
    use crate::steps::Change;

    fn step_from(found: Option<&Role>) -> Result<Step> {
        let folder = "s3://photos/batch-jobs/thumbs/".parse()?;
        step(&plan(), &scope(), found, "arn:f", &folder)
    }

    fn role() -> Role {
        let folder = "s3://photos/batch-jobs/thumbs/".parse().unwrap();
        Role {
            trust: trust(SERVICE),
            policies: [("photos".to_owned(), policy(&scope(), "arn:f", &folder))].into(),
            tags: plan().all_tags(),
        }
    }

    #[test]
    fn policies_name_actions_and_the_files_of_jobs() {
        let folder = "s3://photos/batch-jobs/thumbs/".parse().unwrap();
        let text = policy(&scope(), "arn:f", &folder).to_string();
        assert!(!text.contains(":*\"") && !text.contains("\"*\""), "{text}");
        assert!(
            text.contains("arn:aws:s3:::photos/batch-jobs/thumbs/*/manifest.csv"),
            "{text}"
        );
        assert!(
            text.contains("arn:aws:s3:::photos/batch-jobs/thumbs/*/report/*"),
            "{text}"
        );
    }

    #[test]
    fn roles_are_made_left_or_changed() {
        assert_eq!(step_from(None).unwrap().change, Change::Create);
        assert_eq!(step_from(Some(&role())).unwrap().change, Change::Leave);
        let mut other = role();
        other.policies = [("archive".to_owned(), Value::Null)].into();
        let change = step_from(Some(&other)).unwrap().change;
        assert_eq!(change, Change::Update(vec!["permissions".to_owned()]));
        other.tags.clear();
        let error = step_from(Some(&other)).unwrap_err().to_string();
        assert!(error.contains("role `thumbs-batch` exists"), "{error}");
    }
}
