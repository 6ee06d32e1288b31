//! What a function needs before it exists: logs, queues, a role, a repository.

use serde_json::{Value, json};

use super::context::Context;
use super::role::PlannedRole;
use super::step::{Change, Step, StepCommand, difference};
use super::tags::{tag_difference, tag_words, tags_word};
use crate::artefact::Artefact;
use crate::aws::AwsCommand;
use crate::plan::{FAILED_EVENTS_RETENTION, MAX_RECEIVES, Plan};

pub(super) fn log_group(context: &Context) -> Step {
    let plan = context.plan;
    let name = plan.log_group();
    let of_group = |operation: &str| AwsCommand::new("logs", operation).option("log-group-name", &name);
    let retain = || match plan.log_retention {
        0 => of_group("delete-retention-policy"),
        days => of_group("put-retention-policy").option("retention-in-days", days),
    };
    let tag = || {
        let command = AwsCommand::new("logs", "tag-resource");
        command
            .option("resource-arn", context.scope.log_group(&name))
            .option("tags", tags_word(plan))
    };
    let differences = context.deployed.log_group.as_ref().map(|group| {
        let retention = difference("retention", group.retention.unwrap_or_default(), plan.log_retention);
        retention.into_iter().chain(tag_difference(plan, &group.tags)).collect()
    });
    Step::create_or_update(
        format!("log group {name}"),
        differences,
        || vec![of_group("create-log-group").option("tags", tags_word(plan)), retain()],
        || vec![retain(), tag()],
    )
}

/// The queue for failed events before the one that refers to it.
pub(super) fn queues(context: &Context) -> Vec<Step> {
    let plan = context.plan;
    let mut steps = Vec::new();
    if let Some(name) = plan.failed_queue_name() {
        let attributes = json!({"MessageRetentionPeriod": FAILED_EVENTS_RETENTION.to_string()});
        steps.push(queue(context, &name, &attributes));
    }
    if let Some(name) = plan.queue_name() {
        let mut attributes = json!({
            "Policy": plan.queue_policy(context.scope, &name).to_string(),
            "VisibilityTimeout": plan.visibility_timeout().to_string(),
        });
        let redrive = plan.failed_queue_name().map(|failed| {
            let failed = context.scope.queue(&failed);
            json!({"deadLetterTargetArn": failed, "maxReceiveCount": MAX_RECEIVES}).to_string()
        });
        // An empty one removes that of an earlier plan.
        if redrive.is_some() || context.deployed.queues.contains_key(&name) {
            attributes["RedrivePolicy"] = redrive.unwrap_or_default().into();
        }
        steps.push(queue(context, &name, &attributes));
    }
    steps
}

fn queue(context: &Context, name: &str, attributes: &Value) -> Step {
    let plan = context.plan;
    let found = context.deployed.queues.get(name);
    let planned = attributes.as_object().into_iter().flatten();
    let differences = found.map(|queue| {
        let is_same = |name: &str, value: &Value| {
            let found = queue.attributes.get(name).map_or("", String::as_str);
            let value = value.as_str().unwrap_or_default();
            // Those that are JSON may be formatted in another way.
            let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
            found == value || parsed(found).is_some_and(|found| Some(found) == parsed(value))
        };
        let other = planned.filter(|(name, value)| !is_same(name, value));
        other
            .map(|(name, _)| name.clone())
            .chain(tag_difference(plan, &queue.tags))
            .collect()
    });
    let url = || {
        AwsCommand::new("sqs", "get-queue-url")
            .option("queue-name", name)
            .returning("QUEUE", "QueueUrl")
    };
    let of_queue = |operation: &str| AwsCommand::new("sqs", operation).option("queue-url", "$QUEUE");
    Step::create_or_update(
        format!("queue {name}"),
        differences,
        || {
            let create = AwsCommand::new("sqs", "create-queue").option("queue-name", name);
            vec![create.option("attributes", attributes).option("tags", tags_word(plan))]
        },
        || {
            let set = of_queue("set-queue-attributes").option("attributes", attributes);
            vec![url(), set, of_queue("tag-queue").option("tags", tags_word(plan))]
        },
    )
}

pub(super) fn role(context: &Context) -> Step {
    let plan = context.plan;
    let planned = PlannedRole {
        name: plan.role_name(),
        trust: Plan::trust_policy(),
        policy_name: &plan.name,
        policy: plan.role_policy(context.scope),
    };
    planned.step(plan, context.deployed.role.as_ref())
}

/// Only for images.
pub(super) fn repository(context: &Context) -> Option<Step> {
    let Artefact::Image { layout, digest } = context.artefact else {
        return None;
    };
    let plan = context.plan;
    let uri = context.repository_uri();
    let push = StepCommand::Push {
        layout: layout.clone(),
        reference: format!("{uri}:{}", image_tag(&digest.to_string())),
    };
    let found = context.deployed.repository.as_ref();
    let deployed = context.deployed.function.as_ref();
    let is_pushed = found.is_some() && deployed.is_some_and(|function| function.image_digest == digest.to_string());
    let mut step = Step::create_or_update(
        format!("repository {}", plan.name),
        found.map(|found| {
            let image = (!is_pushed).then(|| "image".to_owned());
            image.into_iter().chain(tag_difference(plan, &found.tags)).collect()
        }),
        || {
            let create = AwsCommand::new("ecr", "create-repository").option("repository-name", &plan.name);
            vec![create.options("tags", tag_words(plan))]
        },
        || match found.and_then(|found| tag_difference(plan, &found.tags)) {
            None => Vec::new(),
            Some(_) => {
                let tag = AwsCommand::new("ecr", "tag-resource");
                let tag = tag.option("resource-arn", context.scope.repository(&plan.name));
                vec![tag.options("tags", tag_words(plan))]
            }
        },
    );
    if !is_pushed {
        step.commands.push(push);
        if step.change == Change::Leave {
            step.change = Change::Update(vec!["image".to_owned()]);
        }
    }
    Some(step)
}

/// A tag that names one image for ever.
fn image_tag(digest: &str) -> String {
    let hex = digest.split(':').next_back().unwrap_or_default();
    hex.chars().take(16).collect()
}

impl Context<'_> {
    pub(super) fn repository_uri(&self) -> String {
        let found = self
            .deployed
            .repository
            .as_ref()
            .map(|repository| repository.uri.clone());
        found.unwrap_or_else(|| format!("{}/{}", self.scope.registry(), self.plan.name))
    }
}
