//! The triggers in a SAM template. A template can set notifications only of a bucket that it makes itself, so that rules
//! of EventBridge select the events of existing buckets.
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-s3.html>

use serde_json::json;

use crate::emit::yaml::{Map, Yaml, resource};
use crate::plan::Plan;
use crate::settings::S3Prefix;

const WHY_RULES: &str = "CloudFormation cannot add notifications to a bucket that it did not make. EventBridge can select \
                         the same events; it must be on in the properties of each bucket: see README.md.";

/// Adds the events that Lambda gets from its own queue, or from rules.
pub(super) fn of_function(plan: &Plan, function: Map) -> Map {
    if plan.queue {
        let properties = Map::new().with("Queue", Yaml::attribute("Queue.Arn")).commented(
            "The function says which messages of a batch failed; only those are received again.",
            "FunctionResponseTypes",
            vec![Yaml::from("ReportBatchItemFailures")],
        );
        let event = Map::new().with("Type", "SQS").with("Properties", properties);
        return function.with("Events", Map::new().with("Queue", event));
    }
    if plan.triggers.is_empty() {
        return function;
    }
    let events = plan
        .triggers
        .iter()
        .zip(1..)
        .fold(Map::new(), |map, (trigger, number)| {
            let event = Map::new()
                .with("Type", "EventBridgeRule")
                .with("Properties", Map::new().with("Pattern", pattern(trigger)));
            map.with(&rule_name(number), event)
        });
    function.commented(WHY_RULES, "Events", events)
}

/// Adds the rules that send events to the queue, and the permission to do so.
pub(super) fn rules(plan: &Plan, resources: Map) -> Map {
    if !plan.queue {
        return resources;
    }
    let mut resources = resources.commented(
        "Only the rules below may send events to the queue.",
        "QueuePolicy",
        resource("AWS::SQS::QueuePolicy", queue_policy(plan)),
    );
    for (trigger, number) in plan.triggers.iter().zip(1..) {
        let target = Map::new().with("Id", "Queue").with("Arn", Yaml::attribute("Queue.Arn"));
        let rule = Map::new()
            .with("EventPattern", pattern(trigger))
            .with("Targets", vec![Yaml::Map(target)]);
        let why = if number == 1 { WHY_RULES } else { "" };
        resources = resources.commented(why, &rule_name(number), resource("AWS::Events::Rule", rule));
    }
    resources
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions>
fn queue_policy(plan: &Plan) -> Map {
    let rules = (1..=plan.triggers.len()).map(|number| Yaml::attribute(&format!("{}.Arn", rule_name(number))));
    let condition = Map::new().with("ArnEquals", Map::new().with("aws:SourceArn", rules.collect::<Vec<_>>()));
    let statement = Map::new()
        .with("Sid", "ReceiveEventsOfRules")
        .with("Effect", "Allow")
        .with("Principal", Yaml::of_json(&json!({"Service": "events.amazonaws.com"})))
        .with("Action", "sqs:SendMessage")
        .with("Resource", Yaml::attribute("Queue.Arn"))
        .with("Condition", condition);
    let document = Map::new()
        .with("Version", "2012-10-17")
        .with("Statement", vec![Yaml::Map(statement)]);
    Map::new()
        .with("Queues", vec![Yaml::reference("Queue")])
        .with("PolicyDocument", document)
}

fn rule_name(number: usize) -> String {
    format!("Trigger{number}")
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
fn pattern(trigger: &S3Prefix) -> Map {
    let mut detail = Map::new().with(
        "bucket",
        Map::new().with("name", vec![Yaml::from(trigger.bucket.as_str())]),
    );
    if !trigger.prefix.is_empty() {
        let prefix = Map::new().with("prefix", trigger.prefix.as_str());
        detail = detail.with("object", Map::new().with("key", vec![Yaml::Map(prefix)]));
    }
    Map::new()
        .with("source", vec![Yaml::from("aws.s3")])
        .with("detail-type", vec![Yaml::from("Object Created")])
        .with("detail", detail)
}
