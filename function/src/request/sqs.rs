//! SQS messages. Each contains an S3 notification, possibly wrapped by SNS; one without fails alone.
//! Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde_json::Value;

use super::common::{Object, deserialize};
use super::sns;
use crate::error::{Error, Result};

#[derive(Debug)]
pub struct SqsRequest {
    /// Whether order matters: after a failed message no other may be processed.
    pub fifo: bool,
    pub messages: Vec<Message>,
}

#[derive(Debug)]
pub struct Message {
    pub id: String,
    /// Empty for a test event.
    pub objects: Result<Vec<Object>>,
}

pub(super) fn parse(event: Value) -> Result<SqsRequest> {
    let event: SqsEvent = deserialize(event, "SQS event")?;
    let from_fifo_queue = |message: &SqsMessage| {
        let queue = message.event_source_arn.as_deref().unwrap_or_default();
        // All FIFO queues, and no others, have this suffix.
        queue.ends_with(".fifo")
    };
    let fifo = event.records.iter().any(from_fifo_queue);
    let messages: Result<Vec<_>> = event.records.into_iter().map(message).collect();
    Ok(SqsRequest {
        fifo,
        messages: messages?,
    })
}

fn message(message: SqsMessage) -> Result<Message> {
    // Without the id the response could not report a failure of this message.
    let missing = || Error::InvalidRequest("an SQS message has no `messageId`".into());
    let id = message.message_id.ok_or_else(missing)?;
    let body = message.body.unwrap_or_default();
    Ok(Message {
        id,
        objects: sns::notification_objects(&body),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(queue: &str, bodies: &[String]) -> Value {
        let message = |(index, body): (usize, &String)| {
            json!({
                "messageId": format!("m{index}"), "receiptHandle": "r", "body": body,
                "attributes": {}, "messageAttributes": {}, "md5OfBody": "m",
                "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:111122223333:{queue}"),
            })
        };
        json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
    }

    fn created(key: &str) -> Value {
        json!({
            "version": "0", "detail-type": "Object Created", "source": "aws.s3",
            "detail": {"bucket": {"name": "b"}, "object": {"key": key}},
        })
    }

    #[test]
    fn messages_are_parsed_independently() {
        let wrapped = json!({"Type": "Notification", "Message": created("b.jpg").to_string()});
        let found = parse(event(
            "photos",
            &[
                created("a.jpg").to_string(),
                wrapped.to_string(),
                json!({"Event": "s3:TestEvent"}).to_string(),
                "no JSON".to_owned(),
                "{}".to_owned(),
            ],
        ))
        .unwrap();
        assert!(!found.fifo);
        let keys = |message: &Message| {
            let objects = message.objects.as_ref().ok()?;
            Some(objects.iter().map(|object| object.key.clone()).collect::<Vec<_>>())
        };
        let found: Vec<_> = found.messages.iter().map(keys).collect();
        let key = |key: &str| Some(vec![key.to_owned()]);
        assert_eq!(found, [key("a.jpg"), key("b.jpg"), Some(vec![]), None, None]);
    }

    #[test]
    fn fifo_queue_is_recognized_by_its_name() {
        let body = [created("a.jpg").to_string()];
        assert!(parse(event("photos.fifo", &body)).unwrap().fifo);
    }
}
