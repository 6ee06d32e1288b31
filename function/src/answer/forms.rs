//! The forms of an answer, one for each kind of sender.

use aws_lambda_events::event::s3::batch_job::S3BatchJobResponse;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use serde::Serialize;

use super::direct::Direct;
use super::http::Http;
use super::notification::Notification;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Direct(Direct),
    Notification(Notification),
    Sqs(SqsBatchResponse),
    Batch(S3BatchJobResponse),
    Http(Http),
}
