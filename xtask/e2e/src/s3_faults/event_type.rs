//! Events for some photos, in shapes that tell of each photo in different ways, and what was reported.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// How an event is sent.
#[derive(Clone, Copy, Debug)]
pub enum EventType {
    /// One photo, by its name.
    Direct,
    /// The tasks of a job.
    Job,
    /// Messages in a queue.
    Queue,
}

/// What an event reported of one photo.
#[derive(Debug)]
pub enum Reported {
    /// It was done, and these are the faces.
    Faces(Value),
    /// It was done, and it has so many faces.
    FaceCount(u64),
    /// The message need not come again.
    Acknowledged,
    /// The message must come again.
    Redelivered,
    /// It was not done, by the error's name; and whether it is said that trying again can help.
    Failed(String, Option<bool>),
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Job, Self::Queue];

    /// The event for objects in a bucket; a direct one has one.
    pub fn event(self, bucket: &str, keys: &[String]) -> Value {
        match self {
            Self::Direct => json!({"BUCKET_NAME": bucket, "S3_KEY": keys[0]}),
            Self::Job => {
                let arn = format!("arn:aws:s3:::{bucket}");
                let tasks = keys
                    .iter()
                    .map(|key| json!({"taskId": key, "s3Key": key, "s3BucketArn": arn}));
                json!({
                    "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
                    "tasks": tasks.collect::<Vec<_>>(),
                })
            }
            Self::Queue => {
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

    /// What the answer tells of each of the objects.
    pub fn reported(self, response: &Value, keys: &[String]) -> Result<Vec<Reported>> {
        let strange = || format!("the answer is {response}");
        match self {
            Self::Direct => {
                if let Some(error) = response["errorType"].as_str() {
                    return Ok(vec![Reported::Failed(error.to_owned(), None)]);
                }
                let faces = response.pointer("/body/faces").cloned();
                Ok(vec![Reported::Faces(faces.with_context(strange)?)])
            }
            Self::Job => {
                let results = response["results"].as_array().with_context(strange)?;
                ensure!(results.len() == keys.len(), strange());
                let reported = results.iter().map(|result| {
                    let text = result["resultString"].as_str().unwrap_or_default();
                    let first = text.split([':', ' ']).next().unwrap_or_default();
                    match result["resultCode"].as_str() {
                        Some("Succeeded") => Reported::FaceCount(first.parse().unwrap_or(u64::MAX)),
                        code => Reported::Failed(
                            first.to_owned(),
                            Some(code == Some("TemporaryFailure")),
                        ),
                    }
                });
                Ok(reported.collect())
            }
            Self::Queue => {
                let failed = response["batchItemFailures"].as_array();
                let failed = failed.with_context(strange)?;
                let reported = keys.iter().map(|key| {
                    let kept = failed.iter().any(|item| item["itemIdentifier"] == **key);
                    if kept {
                        Reported::Redelivered
                    } else {
                        Reported::Acknowledged
                    }
                });
                Ok(reported.collect())
            }
        }
    }
}
