//! The triggers in a construct: notifications that a function of the CDK merges with those of the bucket.
//! <https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_s3_notifications-readme.html>

use serde_json::json;

use crate::emit::strings::{self, scope};
use crate::emit::typescript::{string, value};
use crate::plan::Plan;

const INDENT: usize = 4;

pub(super) fn text(plan: &Plan) -> Option<String> {
    if plan.triggers.is_empty() {
        return None;
    }
    let mut text = match plan.queue_name() {
        Some(name) => queue(plan, &name),
        None => "    const destination = new notifications.LambdaDestination(this.alias);\n".to_owned(),
    };
    text += &strings::comment(
        "//",
        INDENT,
        "The bucket exists already. The CDK deploys a function of its own that adds these to the bucket's \
         notifications and keeps those of others; CloudFormation alone cannot.",
    );
    for (bucket, number) in plan.trigger_buckets().into_iter().zip(1..) {
        text += &format!(
            "    const bucket{number} = s3.Bucket.fromBucketName(this, 'Bucket{number}', {});\n",
            string(bucket)
        );
        for trigger in plan.triggers.iter().filter(|trigger| trigger.bucket == bucket) {
            let filter = match trigger.prefix.as_str() {
                "" => String::new(),
                prefix => format!(", {{\n      prefix: {},\n    }}", string(prefix)),
            };
            text += &format!(
                "    bucket{number}.addEventNotification(s3.EventType.OBJECT_CREATED, destination{filter});\n"
            );
        }
    }
    Some(text)
}

fn queue(plan: &Plan, name: &str) -> String {
    let policy = json!({"policyDocument": plan.queue_policy(&scope(), name)});
    let policy = value(&policy, INDENT, INDENT);
    let policy = policy.replacen('{', "{\n      queues: [queue.queueUrl],", 1);
    format!(
        "    // The function says which messages of a batch failed; only those are received again.\n    \
         new lambda.EventSourceMapping(this, 'QueueEvents', {{\n      target: this.alias,\n      eventSourceArn: \
         queue.queueArn,\n      reportBatchItemFailures: true,\n    }});\n\n    \
         const queuePolicy = new sqs.CfnQueuePolicy(this, 'QueuePolicy', {policy});\n    \
         const destination: s3.IBucketNotificationDestination = {{\n      bind: () => ({{\n        arn: \
         queue.queueArn,\n        type: s3.BucketNotificationDestinationType.QUEUE,\n        \
         // S3 checks that it may send an event.\n        dependencies: [queuePolicy],\n      }}),\n    }};\n"
    )
}
