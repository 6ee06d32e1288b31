//! The policies of a plan: what the function's role may do, and who may use the role, the queue and the function. No
//! statement has `*` as an action.

use serde_json::{Value, json};

use super::Plan;
use crate::arn::{Scope, service};
use crate::settings::OnFailure;

/// The action that sends a failed event to a destination, by the service in its ARN.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
const DESTINATION_ACTIONS: [(&str, &str); 5] = [
    ("sqs", "sqs:SendMessage"),
    ("sns", "sns:Publish"),
    ("events", "events:PutEvents"),
    ("lambda", "lambda:InvokeFunction"),
    ("s3", "s3:PutObject"),
];

impl Plan {
    /// What the function's role may do: write its own logs, use its objects and its queues.
    pub fn role_policy(&self, scope: &Scope) -> Value {
        let logs = format!("{}:*", scope.log_group(&self.log_group()));
        let mut statements = vec![json!({
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": logs,
        })];
        let objects = |patterns: &std::collections::BTreeSet<String>| -> Vec<String> {
            let pairs = patterns.iter().filter_map(|pattern| pattern.split_once('/'));
            pairs.map(|(bucket, key)| scope.object(bucket, key)).collect()
        };
        let in_account = json!({"StringEquals": {"s3:ResourceAccount": scope.account}});
        let access = &self.access;
        let buckets = access.list.iter().map(|bucket| scope.bucket(bucket)).collect();
        for (sid, actions, resources) in [
            (
                "ReadObjects",
                json!(["s3:GetObject", "s3:GetObjectVersion"]),
                objects(&access.read),
            ),
            ("WriteObjects", json!("s3:PutObject"), objects(&access.write)),
            ("DeleteObjects", json!("s3:DeleteObject"), objects(&access.delete)),
            ("DistinguishMissingObjects", json!("s3:ListBucket"), buckets),
        ] {
            if !resources.is_empty() {
                statements.push(json!({
                    "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, "Condition": in_account,
                }));
            }
        }
        if let Some(name) = self.queue_name() {
            statements.push(json!({
                "Sid": "ReceiveEvents",
                "Effect": "Allow",
                "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                "Resource": scope.queue(&name),
            }));
        }
        if let Some(arn) = self.failure_destination(scope) {
            let service = service(&arn);
            let action = DESTINATION_ACTIONS.iter().find(|(name, _)| *name == service);
            let resource = if service == "s3" {
                format!("{arn}/*")
            } else {
                arn.clone()
            };
            statements.extend(action.map(|(_, action)| {
                json!({"Sid": "SendFailedEvents", "Effect": "Allow", "Action": action, "Resource": resource})
            }));
        }
        document(&statements)
    }

    /// Lambda may use the role.
    pub fn trust_policy() -> Value {
        trust("lambda.amazonaws.com")
    }

    /// S3 may send events of the triggers' buckets to the queue.
    pub fn queue_policy(&self, scope: &Scope, queue: &str) -> Value {
        let buckets = self.trigger_buckets().into_iter().map(|bucket| scope.bucket(bucket));
        let buckets: Vec<_> = buckets.collect();
        document(&[json!({
            "Sid": "ReceiveEventsOfS3",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": scope.queue(queue),
            "Condition": {"ArnEquals": {"aws:SourceArn": buckets}, "StringEquals": {"aws:SourceAccount": scope.account}},
        })])
    }

    /// Whether a failed event is sent anywhere that the role's policy has no action for.
    pub fn unknown_destination(&self) -> Option<&str> {
        let OnFailure::Destination(arn) = &self.on_failure else {
            return None;
        };
        let service = service(arn);
        let is_known = DESTINATION_ACTIONS.iter().any(|(name, _)| *name == service);
        (!is_known).then_some(arn)
    }
}

/// The service may use the role.
pub(crate) fn trust(service: &str) -> Value {
    document(&[json!({
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    })])
}

pub(crate) fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}
