//! The triggers: notifications of buckets, to the function or to its queue. A bucket has one configuration for all its
//! notifications, so that the function's are merged with those of others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::context::Context;
use super::step::{Change, Step};
use crate::aws::AwsCommand;
use crate::plan::S3_SID;
use crate::settings::S3Prefix;

pub const EVENTS: &str = "s3:ObjectCreated:*";
/// The lists of a notification configuration, and the names of the targets in their elements.
const LISTS: [(&str, &str); 3] = [
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
];

pub(super) fn steps(context: &Context) -> Vec<Step> {
    let mut steps: Vec<_> = mapping(context).into_iter().collect();
    steps.extend(permissions(context));
    let planned = context.plan.triggers.iter().map(|trigger| trigger.bucket.as_str());
    let earlier = context.deployed.buckets.keys().map(String::as_str);
    let buckets: BTreeSet<_> = planned.chain(earlier).collect();
    steps.extend(buckets.into_iter().map(|bucket| notifications(context, bucket)));
    steps
}

/// Lambda's poller of the queue. Only one alias gets its events.
fn mapping(context: &Context) -> Option<Step> {
    let plan = context.plan;
    let found = context
        .deployed
        .function
        .as_ref()
        .map(|function| &function.queue_mappings);
    let (queue, alias) = (plan.queue_name(), context.scope.alias(&plan.name, &plan.alias));
    let (own, others): (Vec<_>, Vec<_>) = found.into_iter().flatten().partition(|(arn, _)| **arn == alias);
    let obsolete = if queue.is_some() { &others } else { &own };
    let delete =
        |(_, id): &(&String, &String)| AwsCommand::new("lambda", "delete-event-source-mapping").option("uuid", id);
    let mut commands: Vec<_> = obsolete.iter().map(delete).collect();
    let change = match (&queue, own.is_empty(), commands.is_empty()) {
        (None, _, true) => return None,
        (None, _, false) => Change::Remove,
        (Some(_), false, true) => Change::Leave,
        (Some(_), false, false) => Change::Update(vec!["other aliases".to_owned()]),
        (Some(queue), true, _) => {
            let command = AwsCommand::new("lambda", "create-event-source-mapping")
                .option("function-name", format!("{}:{}", plan.name, plan.alias))
                .option("event-source-arn", context.scope.queue(queue))
                // The function says which events of a batch failed.
                .option("function-response-types", "ReportBatchItemFailures");
            commands.push(command);
            Change::Create
        }
    };
    let resource = format!("event source of {}:{}", plan.name, plan.alias);
    Some(Step::new(resource, change, commands))
}

/// Permits buckets to invoke the function directly, and no longer those of earlier triggers.
fn permissions(context: &Context) -> Option<Step> {
    let plan = context.plan;
    let direct = plan.triggers.iter().filter(|_| !plan.queue);
    let buckets: BTreeSet<_> = direct.map(|trigger| trigger.bucket.as_str()).collect();
    let ids: BTreeSet<_> = buckets.iter().map(|bucket| statement_id(bucket)).collect();
    let missing = buckets
        .iter()
        .filter(|bucket| !context.has_statement(&statement_id(bucket)));
    let mut commands: Vec<_> = missing
        .map(|bucket| {
            let command = context
                .alias_command("add-permission")
                .option("statement-id", statement_id(bucket));
            let command = command
                .option("action", "lambda:InvokeFunction")
                .option("principal", "s3.amazonaws.com");
            command
                .option("source-arn", context.scope.bucket(bucket))
                .option("source-account", &context.scope.account)
        })
        .collect();
    let statements = context
        .deployed_alias()
        .map(|alias| alias.statements.as_slice())
        .unwrap_or_default();
    let present = statements.iter().filter_map(|statement| statement["Sid"].as_str());
    let outdated = present.filter(|id| id.starts_with(S3_SID) && !ids.contains(*id));
    commands.extend(outdated.map(|id| context.remove_statement(id)));
    if buckets.is_empty() && commands.is_empty() {
        return None;
    }
    let change = match commands.is_empty() {
        true => Change::Leave,
        false if context.deployed_alias().is_none() => Change::Create,
        false => Change::Update(vec!["buckets".to_owned()]),
    };
    let resource = format!("permissions of buckets for {}:{}", plan.name, plan.alias);
    Some(Step::new(resource, change, commands))
}

pub fn statement_id(bucket: &str) -> String {
    // IDs have no dots, which names of buckets may have.
    format!("{S3_SID}{}", bucket.replace('.', "_"))
}

fn notifications(context: &Context, bucket: &str) -> Step {
    let found = context
        .deployed
        .buckets
        .get(bucket)
        .map(|bucket| bucket.notifications.clone())
        .unwrap_or(json!({}));
    let merged = merge(context, bucket, &found);
    let commands = || {
        let command = AwsCommand::new("s3api", "put-bucket-notification-configuration").option("bucket", bucket);
        vec![command.option("notification-configuration", &merged)]
    };
    let resource = format!("notifications of s3://{bucket}");
    match found == merged {
        true => Step::new(resource, Change::Leave, Vec::new()),
        false => Step::new(resource, Change::Update(changes(context, &found, &merged)), commands()),
    }
}

/// The bucket's configuration with the plan's notifications instead of the function's earlier ones.
fn merge(context: &Context, bucket: &str, found: &Value) -> Value {
    let mut merged = without_own(&context.plan.name, found);
    let (list, target, arn) = match context.plan.queue_name() {
        Some(queue) => ("QueueConfigurations", "QueueArn", context.scope.queue(&queue)),
        None => {
            let arn = context.scope.alias(&context.plan.name, &context.plan.alias);
            ("LambdaFunctionConfigurations", "LambdaFunctionArn", arn)
        }
    };
    for trigger in context.plan.triggers.iter().filter(|trigger| trigger.bucket == bucket) {
        let mut own = json!({"Id": notification_id(&context.plan.name, trigger), target: arn, "Events": [EVENTS]});
        if !trigger.prefix.is_empty() {
            own["Filter"] = json!({"Key": {"FilterRules": [{"Name": "Prefix", "Value": trigger.prefix}]}});
        }
        match merged[list].as_array_mut() {
            Some(all) => all.push(own),
            None => merged[list] = json!([own]),
        }
    }
    // An unchanged one keeps its place.
    if is_same(&merged, found) { found.clone() } else { merged }
}

fn notification_id(function: &str, trigger: &S3Prefix) -> String {
    format!("{function}/{}", trigger.prefix)
}

/// The configuration without the notifications of a function. Empty lists are left out, as by S3.
pub fn without_own(function: &str, found: &Value) -> Value {
    let mut others = found.clone();
    let prefix = format!("{function}/");
    for (list, _) in LISTS {
        let Some(all) = others[list].as_array_mut() else {
            if let Some(object) = others.as_object_mut() {
                object.remove(list);
            }
            continue;
        };
        all.retain(|one| !one["Id"].as_str().is_some_and(|id| id.starts_with(&prefix)));
        if all.is_empty()
            && let Some(object) = others.as_object_mut()
        {
            object.remove(list);
        }
    }
    others
}

/// Whether both have the same notifications, in any order.
fn is_same(one: &Value, other: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut value = value.clone();
        for (list, _) in LISTS {
            if let Some(all) = value[list].as_array_mut() {
                all.iter_mut().for_each(normalize);
                all.sort_by_key(|one| one["Id"].to_string());
            }
            if let Some(object) = value.as_object_mut() {
                object.retain(|_, value| !value.is_null());
            }
        }
        value
    };
    sorted(one) == sorted(other)
}

/// S3 returns the names of rules in another case than it takes them.
fn normalize(notification: &mut Value) {
    for rule in notification["Filter"]["Key"]["FilterRules"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let name = rule["Name"].as_str().unwrap_or_default().to_ascii_lowercase();
        rule["Name"] = name.into();
    }
    if let Some(object) = notification.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
}

fn changes(context: &Context, found: &Value, merged: &Value) -> Vec<String> {
    let ids = |value: &Value| -> BTreeSet<String> {
        let all = LISTS
            .iter()
            .flat_map(|(list, _)| value[list].as_array().into_iter().flatten());
        all.filter_map(|one| one["Id"].as_str().map(str::to_owned)).collect()
    };
    let (before, after) = (ids(found), ids(merged));
    let others = before.iter().filter(|id| after.contains(*id)).count();
    let added = after.difference(&before).map(|id| format!("add `{id}`"));
    let removed = before.difference(&after).map(|id| format!("remove `{id}`"));
    let mut changes: Vec<_> = added.chain(removed).collect();
    if changes.is_empty() {
        changes.push(format!("`{}/…`", context.plan.name));
    }
    if others > 0 {
        changes.push(format!("keep {others} of others"));
    }
    changes
}

/// The prefix of a notification of the function for new objects whose keys begin with `prefix`.
pub fn invoked_for(function: &str, prefix: &str, found: &Value) -> Option<String> {
    let own = format!("{function}/");
    let all = LISTS
        .iter()
        .flat_map(|(list, _)| found[list].as_array().into_iter().flatten());
    let own = all.filter(|one| one["Id"].as_str().is_some_and(|id| id.starts_with(&own)));
    let mut prefixes = own.map(prefix_of);
    prefixes.find(|own| prefix.starts_with(own)).map(str::to_owned)
}

/// Empty if a notification is for all keys.
pub fn prefix_of(notification: &Value) -> &str {
    let rules = notification["Filter"]["Key"]["FilterRules"]
        .as_array()
        .into_iter()
        .flatten();
    let mut prefixes = rules.filter(|rule| {
        let name = rule["Name"].as_str().unwrap_or_default();
        name.eq_ignore_ascii_case("prefix")
    });
    let rule = prefixes.next();
    rule.and_then(|rule| rule["Value"].as_str()).unwrap_or_default()
}

/// A notification of another target for the same objects as a trigger, which S3 would refuse.
pub fn overlapping(function: &str, trigger: &S3Prefix, found: &Value) -> Option<String> {
    let others = without_own(function, found);
    for (list, target) in LISTS {
        for other in others[list].as_array().into_iter().flatten() {
            let events = other["Events"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let is_creation = events.into_iter().any(|event| event.starts_with("s3:ObjectCreated"));
            let prefix = prefix_of(other);
            let overlaps = prefix.starts_with(&trigger.prefix) || trigger.prefix.starts_with(prefix);
            if is_creation && overlaps {
                let target = other[target].as_str().unwrap_or_default();
                return Some(format!("the notification for `{prefix}*` to {target}"));
            }
        }
    }
    None
}
