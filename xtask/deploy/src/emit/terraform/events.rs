//! The triggers in a module of Terraform: the notifications of each bucket, which have one owner.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_notification>

use super::alias::of_alias;
use crate::emit::hcl::{Body, Expression};
use crate::emit::strings::scope;
use crate::plan::Plan;
use crate::steps::trigger::{EVENTS, statement_id};

pub(super) fn add(plan: &Plan, body: Body) -> Body {
    let mut body = match plan.queue_name() {
        Some(name) => queue(plan, &name, body),
        None => body,
    };
    let several = plan.trigger_buckets().len() > 1;
    for (index, bucket) in plan.trigger_buckets().into_iter().enumerate() {
        let name = match several {
            true => format!("bucket_{}", index + 1),
            false => "bucket".to_owned(),
        };
        if !plan.queue {
            let permission = of_alias()
                .with("statement_id", statement_id(bucket))
                .with("action", "lambda:InvokeFunction")
                .with("principal", "s3.amazonaws.com")
                .with("source_arn", scope().bucket(bucket))
                .with("source_account", scope().account);
            body = body.resource("aws_lambda_permission", &name, permission);
        }
        body = body
            .comment(
                "This resource owns all notifications of the bucket: it removes those that others have set. If the \
                 bucket has others, move these blocks to the resource that has them, and remove this one.",
            )
            .resource("aws_s3_bucket_notification", &name, notification(plan, bucket, &name));
    }
    body
}

fn notification(plan: &Plan, bucket: &str, name: &str) -> Body {
    let mut notification = Body::new().with("bucket", bucket);
    for trigger in plan.triggers.iter().filter(|trigger| trigger.bucket == bucket) {
        let (block, target, arn) = match plan.queue {
            true => ("queue", "queue_arn", "aws_sqs_queue.events.arn"),
            false => ("lambda_function", "lambda_function_arn", "aws_lambda_alias.alias.arn"),
        };
        let prefix = (!trigger.prefix.is_empty()).then_some(trigger.prefix.as_str());
        let one = Body::new()
            .with(target, Expression::plain(arn))
            .with("events", Expression::list([EVENTS.into()]))
            .with_some("filter_prefix", prefix);
        notification = notification.block(block, one);
    }
    let permission = match plan.queue {
        true => "aws_sqs_queue_policy.events".to_owned(),
        false => format!("aws_lambda_permission.{name}"),
    };
    // S3 checks that it may send an event.
    notification.with("depends_on", Expression::list([Expression::plain(permission)]))
}

fn queue(plan: &Plan, name: &str, body: Body) -> Body {
    let policy = Body::new()
        .with("queue_url", Expression::plain("aws_sqs_queue.events.id"))
        .with("policy", Expression::policy(&plan.queue_policy(&scope(), name)));
    let mapping = Body::new()
        .with("event_source_arn", Expression::plain("aws_sqs_queue.events.arn"))
        .with("function_name", Expression::plain("aws_lambda_alias.alias.arn"))
        .comment("The function says which messages of a batch failed; only those are received again.")
        .with(
            "function_response_types",
            Expression::list(["ReportBatchItemFailures".into()]),
        );
    body.resource("aws_sqs_queue_policy", "events", policy).resource(
        "aws_lambda_event_source_mapping",
        "events",
        mapping,
    )
}
