//! The steps that remove what `deploy` made, in the reverse order. What has not the function's tag is left.

use crate::aws::AwsCommand;
use crate::deployed::{Deployed, is_own};
use crate::plan::Plan;
use crate::steps::trigger::without_own;
use crate::steps::{Change, Step};

pub fn removal(plan: &Plan, deployed: &Deployed) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut remove = |resource: String, commands: Vec<AwsCommand>| {
        steps.push(Step::new(resource, Change::Remove, commands));
    };
    for (bucket, found) in &deployed.buckets {
        let others = without_own(&plan.name, &found.notifications);
        if others != found.notifications {
            let command = AwsCommand::new("s3api", "put-bucket-notification-configuration").option("bucket", bucket);
            let command = command.option("notification-configuration", others);
            remove(
                format!("notifications of s3://{bucket} to {}", plan.name),
                vec![command],
            );
        }
    }
    if let Some(function) = deployed
        .function
        .as_ref()
        .filter(|function| is_own(&function.tags, plan))
    {
        for id in function.queue_mappings.values() {
            let command = AwsCommand::new("lambda", "delete-event-source-mapping").option("uuid", id);
            remove(format!("event source of {}", plan.name), vec![command]);
        }
        // With its versions, aliases, URLs and permissions.
        let command = AwsCommand::new("lambda", "delete-function").option("function-name", &plan.name);
        remove(format!("function {}", plan.name), vec![command]);
    }
    for (name, queue) in deployed.queues.iter().filter(|(_, queue)| is_own(&queue.tags, plan)) {
        let command = AwsCommand::new("sqs", "delete-queue").option("queue-url", &queue.url);
        remove(format!("queue {name}"), vec![command]);
    }
    if deployed
        .repository
        .as_ref()
        .is_some_and(|repository| is_own(&repository.tags, plan))
    {
        let command = AwsCommand::new("ecr", "delete-repository").option("repository-name", &plan.name);
        remove(
            format!("repository {}, with its images", plan.name),
            vec![command.flag("force")],
        );
    }
    for (name, role) in [
        (plan.role_name(), &deployed.role),
        (plan.batch_role_name(), &deployed.batch_role),
    ] {
        if let Some(role) = role.as_ref().filter(|role| is_own(&role.tags, plan)) {
            let of_role = |operation: &str| AwsCommand::new("iam", operation).option("role-name", &name);
            let policies = role.policies.keys();
            let policies = policies.map(|policy| of_role("delete-role-policy").option("policy-name", policy));
            remove(
                format!("role {name}"),
                policies.chain([of_role("delete-role")]).collect(),
            );
        }
    }
    if deployed
        .log_group
        .as_ref()
        .is_some_and(|group| is_own(&group.tags, plan))
    {
        let command = AwsCommand::new("logs", "delete-log-group").option("log-group-name", plan.log_group());
        remove(format!("log group {}, with all logs", plan.log_group()), vec![command]);
    }
    steps
}
