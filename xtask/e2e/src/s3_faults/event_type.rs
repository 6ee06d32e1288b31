//! Types of events that report the result of each photo in different ways.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug)]
pub enum EventType {
    /// A direct event with one photo.
    Direct,
    /// The tasks of an S3 Batch Operations job.
    S3Batch,
    /// Messages from SQS.
    Sqs,
}

/// The result for one photo in the response.
#[derive(Debug)]
pub enum ReportedOutcome {
    /// Success, with the faces.
    Faces(Value),
    /// Success, with the number of faces.
    FaceCount(u64),
    /// SQS deletes the message.
    Acknowledged,
    /// SQS delivers the message again.
    Redelivered,
    /// The type of the error, and whether it is reported as temporary.
    Failed(String, Option<bool>),
}

impl EventType {
    pub const ALL: [Self; 3] = [Self::Direct, Self::S3Batch, Self::Sqs];

    /// The event for objects in a bucket; a direct one contains only the first.
    pub fn event(self, bucket: &str, keys: &[String]) -> Value {
        match self {
            Self::Direct => json!({"BUCKET_NAME": bucket, "S3_KEY": keys[0]}),
            Self::S3Batch => {
                let arn = format!("arn:aws:s3:::{bucket}");
                let tasks = keys
                    .iter()
                    .map(|key| json!({"taskId": key, "s3Key": key, "s3BucketArn": arn}));
                json!({
                    "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
                    "tasks": tasks.collect::<Vec<_>>(),
                })
            }
            Self::Sqs => {
                let messages = keys.iter().map(|key| {
                    let body = json!({
                        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
                        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
                    });
                    json!({
                        "messageId": key, "body": body.to_string(), "eventSource": "aws:sqs",
                        "receiptHandle": "r", "attributes": {}, "messageAttributes": {},
                        "md5OfBody": "", "awsRegion": "us-east-1",
                        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:photos",
                    })
                });
                json!({"Records": messages.collect::<Vec<_>>()})
            }
        }
    }

    /// The result for each of the objects in the response.
    pub fn reported(self, response: &Value, keys: &[String]) -> Result<Vec<ReportedOutcome>> {
        let strange = || format!("the response is {response}");
        match self {
            Self::Direct => {
                if let Some(error) = response["errorType"].as_str() {
                    return Ok(vec![ReportedOutcome::Failed(error.to_owned(), None)]);
                }
                let faces = response.pointer("/body/faces").cloned();
                Ok(vec![ReportedOutcome::Faces(faces.with_context(strange)?)])
            }
            Self::S3Batch => {
                let results = response["results"].as_array().with_context(strange)?;
                ensure!(results.len() == keys.len(), strange());
                let reported = results.iter().map(|result| {
                    let text = result["resultString"].as_str().unwrap_or_default();
                    let first = text.split([':', ' ']).next().unwrap_or_default();
                    match result["resultCode"].as_str() {
                        Some("Succeeded") => ReportedOutcome::FaceCount(first.parse().unwrap_or(u64::MAX)),
                        code => ReportedOutcome::Failed(first.to_owned(), Some(code == Some("TemporaryFailure"))),
                    }
                });
                Ok(reported.collect())
            }
            Self::Sqs => {
                let failed = response["batchItemFailures"].as_array();
                let failed = failed.with_context(strange)?;
                let reported = keys.iter().map(|key| {
                    let kept = failed.iter().any(|item| item["itemIdentifier"] == **key);
                    if kept {
                        ReportedOutcome::Redelivered
                    } else {
                        ReportedOutcome::Acknowledged
                    }
                });
                Ok(reported.collect())
            }
        }
    }
}
