//! What is checked before anything is changed: whatever AWS would refuse half-way, and whatever is not ours to change.

use anyhow::{Result, bail, ensure};

use crate::arn::Scope;
use crate::artefact::Artefact;
use crate::deployed::{Deployed, Tags, check_owner};
use crate::plan::Plan;
use crate::settings::PackageType;
use crate::steps::trigger::overlapping;

/// What Lambda keeps for functions without a reservation.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
const MIN_UNRESERVED: u64 = 100;

/// # Errors
/// Why the plan cannot be carried out, and what to do.
pub fn check(plan: &Plan, scope: &Scope, deployed: &Deployed) -> Result<()> {
    check_owners(plan, deployed)?;
    if let Some(function) = &deployed.function {
        let found = function.configuration["PackageType"].as_str().unwrap_or("Zip");
        let (planned, other) = match plan.package {
            PackageType::Zip => ("Zip", "--image"),
            PackageType::Image => ("Image", "--zip"),
        };
        ensure!(
            found == planned,
            "the function `{}` was made from the other kind of package, which cannot be changed; use `{other}`, another \
             `--name`, or `undeploy` it first",
            plan.name
        );
    }
    for trigger in &plan.triggers {
        let Some(bucket) = deployed.buckets.get(&trigger.bucket) else {
            bail!("the bucket `{}` does not exist; create it first", trigger.bucket);
        };
        ensure!(
            bucket.region == scope.region,
            "the bucket `{}` is in {}, but the function would be in {}; S3 only notifies functions in the bucket's \
             Region: set AWS_REGION={}",
            trigger.bucket,
            bucket.region,
            scope.region,
            bucket.region
        );
        if let Some(other) = overlapping(&plan.name, trigger, &bucket.notifications) {
            bail!("the trigger {trigger} overlaps with {other}, which S3 refuses; choose another prefix, or remove it");
        }
    }
    check_concurrency(plan, deployed)
}

/// Resources of the same names that `deploy` did not make for this function are not touched.
fn check_owners(plan: &Plan, deployed: &Deployed) -> Result<()> {
    let mut found: Vec<(String, &Tags)> = Vec::new();
    let function = deployed.function.as_ref();
    found.extend(function.map(|function| (format!("function `{}`", plan.name), &function.tags)));
    found.extend(
        deployed
            .role
            .as_ref()
            .map(|role| (format!("role `{}`", plan.role_name()), &role.tags)),
    );
    let log_group = deployed.log_group.as_ref();
    found.extend(log_group.map(|group| (format!("log group `{}`", plan.log_group()), &group.tags)));
    let planned = [plan.queue_name(), plan.failed_queue_name()];
    for name in planned.into_iter().flatten() {
        found.extend(
            deployed
                .queues
                .get(&name)
                .map(|queue| (format!("queue `{name}`"), &queue.tags)),
        );
    }
    if plan.package == PackageType::Image {
        let repository = deployed.repository.as_ref();
        found.extend(repository.map(|repository| (format!("repository `{}`", plan.name), &repository.tags)));
    }
    for (resource, tags) in found {
        check_owner(&resource, tags, plan)?;
    }
    Ok(())
}

/// # Errors
/// The account's functions leave no room for the archive.
pub fn check_code_storage(artefact: &Artefact, deployed: &Deployed) -> Result<()> {
    let Artefact::Zip { digest, bytes, .. } = artefact else {
        return Ok(());
    };
    let function = deployed.function.as_ref();
    let is_there = function.is_some_and(|function| function.configuration["CodeSha256"] == digest.as_str());
    let free = deployed.free_code_bytes.unwrap_or(u64::MAX);
    ensure!(
        is_there || free >= *bytes,
        "the archive has {bytes} bytes, but the account's functions leave only {free} in this Region; delete old versions \
         and functions, request a higher quota, or use `--image`"
    );
    Ok(())
}

fn check_concurrency(plan: &Plan, deployed: &Deployed) -> Result<()> {
    let (Some(planned), Some(unreserved)) = (plan.reserved_concurrency, deployed.unreserved_concurrency) else {
        return Ok(());
    };
    let own = deployed
        .function
        .as_ref()
        .and_then(|function| function.reserved_concurrency);
    let available = (unreserved + own.unwrap_or_default()).saturating_sub(MIN_UNRESERVED);
    ensure!(
        u64::from(planned) <= available,
        "`reserved-concurrency` is {planned}, but the account can reserve only {available} more, because Lambda keeps \
         {MIN_UNRESERVED} for other functions; choose less, or request a higher quota"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::deployed::{DeployedBucket, DeployedFunction, LogGroup, Role};
    use crate::plan::tests::{plan, scope};

    fn bucket(region: &str, notifications: Value) -> Deployed {
        let bucket = DeployedBucket {
            region: region.to_owned(),
            notifications,
        };
        Deployed {
            buckets: [("photos".to_owned(), bucket)].into(),
            ..Deployed::default()
        }
    }

    fn own_tags() -> Tags {
        plan().all_tags()
    }

    #[test]
    fn what_aws_would_refuse_is_refused_before() {
        let check = |plan: &Plan, deployed: &Deployed| check(plan, &scope(), deployed);
        let error = |deployed: &Deployed| check(&plan(), deployed).unwrap_err().to_string();
        check(&plan(), &bucket("eu-central-1", json!({}))).unwrap();
        assert!(error(&Deployed::default()).contains("`photos` does not exist"));
        assert!(error(&bucket("us-east-1", json!({}))).contains("AWS_REGION=us-east-1"));
        let other = json!({"TopicConfigurations": [{"TopicArn": "arn:t", "Events": ["s3:ObjectCreated:Put"]}]});
        assert!(error(&bucket("eu-central-1", other)).contains("overlaps with the notification for `*` to arn:t"));

        let mut deployed = bucket("eu-central-1", json!({}));
        deployed.function = Some(DeployedFunction {
            configuration: json!({"PackageType": "Image"}),
            tags: own_tags(),
            ..DeployedFunction::default()
        });
        assert!(error(&deployed).contains("use `--image`"));
        deployed.function = None;
        let mut concurrent = plan();
        concurrent.reserved_concurrency = Some(901);
        deployed.unreserved_concurrency = Some(1000);
        assert!(
            check(&concurrent, &deployed)
                .unwrap_err()
                .to_string()
                .contains("only 900 more")
        );
    }

    #[test]
    fn resources_of_others_are_not_touched() {
        let mut deployed = bucket("eu-central-1", json!({}));
        deployed.role = Some(Role::default());
        let error = check(&plan(), &scope(), &deployed).unwrap_err().to_string();
        assert!(
            error.contains("role `thumbs-role` exists") && error.contains("--name"),
            "{error}"
        );
        deployed.role = Some(Role {
            tags: own_tags(),
            ..Role::default()
        });
        check(&plan(), &scope(), &deployed).unwrap();
        // `undeploy` would remove it with the logs of others.
        deployed.log_group = Some(LogGroup::default());
        let error = check(&plan(), &scope(), &deployed).unwrap_err().to_string();
        assert!(error.contains("log group `/aws/lambda/thumbs` exists"), "{error}");
    }

    #[test]
    fn archives_need_room_unless_they_are_there() {
        let artefact = Artefact::Zip {
            path: "thumbs.zip".into(),
            digest: "digest".to_owned(),
            bytes: 3,
        };
        let mut deployed = Deployed {
            free_code_bytes: Some(3),
            ..Deployed::default()
        };
        check_code_storage(&artefact, &deployed).unwrap();
        deployed.free_code_bytes = Some(2);
        let error = check_code_storage(&artefact, &deployed).unwrap_err().to_string();
        assert!(error.contains("leave only 2 in this Region"), "{error}");
        deployed.function = Some(DeployedFunction {
            configuration: json!({"CodeSha256": "digest"}),
            ..DeployedFunction::default()
        });
        check_code_storage(&artefact, &deployed).unwrap();
    }
}
