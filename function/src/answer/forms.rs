//! The forms of an answer, one for each kind of sender.

use aws_lambda_events::event::s3::batch_job::S3BatchJobResponse;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use serde::Serialize;

use super::direct::Direct;
use super::http::Http;
use super::notification::Notification;

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a direct one.
    Direct(Direct),
    /// To a notification of S3.
    Notification(Notification),
    /// To messages of a queue.
    Sqs(SqsBatchResponse),
    /// To tasks of a job.
    Batch(S3BatchJobResponse),
    /// To a request over HTTP.
    Http(Http),
}
