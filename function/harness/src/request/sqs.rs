//! SQS messages, from the queue itself or through EventBridge Pipes. Each contains a notification in any wrapping, and
//! fails alone.
//! Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"; Amazon EventBridge User Guide, "Batching and
//! concurrency".

use serde_json::Value;

use super::common::{PhotoRequests, text};
use super::notification;

#[derive(Debug)]
pub struct SqsRequest {
    /// Whether order matters: after a failed message no other may be processed.
    pub fifo: bool,
    pub messages: Vec<Message>,
}

#[derive(Debug)]
pub struct Message {
    /// Empty if it is missing: for Lambda, a failure without an identifier is one of all messages.
    pub id: String,
    /// Empty if the message is about no new photo.
    pub photos: PhotoRequests,
}

/// `None` unless the event is a list of messages.
pub(super) fn parse(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<SqsRequest> {
    let records = event.get("Records").unwrap_or(event).as_array()?;
    if records.is_empty() || !records.iter().all(notification::is_sqs_message) {
        return None;
    }
    let message = |record: &Value| Message {
        id: text(record, "/messageId").unwrap_or_default().to_owned(),
        photos: notification::sqs_message_photos(record, environment),
    };
    Some(SqsRequest {
        fifo: records.iter().any(is_from_fifo_queue),
        messages: records.iter().map(message).collect(),
    })
}

fn is_from_fifo_queue(record: &Value) -> bool {
    // All FIFO queues, and no others, have this suffix.
    text(record, "/eventSourceARN").is_some_and(|queue| queue.ends_with(".fifo"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(queue: &str, bodies: &[String]) -> Value {
        let message = |(index, body): (usize, &String)| {
            json!({
                "messageId": format!("m{index}"), "body": body, "eventSource": "aws:sqs",
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

    fn keys(message: &Message) -> Vec<Option<&str>> {
        let photos = message.photos.iter();
        photos
            .map(|photo| photo.as_ref().ok().map(|photo| photo.object.key.as_str()))
            .collect()
    }

    #[test]
    fn messages_are_parsed_independently() {
        let wrapped = json!({"Type": "Notification", "Message": created("b.jpg").to_string()});
        let event = event(
            "photos",
            &[
                created("a.jpg").to_string(),
                wrapped.to_string(),
                json!({"Event": "s3:TestEvent"}).to_string(),
                "no JSON".to_owned(),
                "{}".to_owned(),
            ],
        );
        // EventBridge Pipes send the messages without `Records`.
        for event in [&event, &event["Records"]] {
            let found = parse(event, &|_| None).unwrap();
            assert!(!found.fifo);
            let found: Vec<_> = found.messages.iter().map(keys).collect();
            assert_eq!(
                found,
                [vec![Some("a.jpg")], vec![Some("b.jpg")], vec![], vec![None], vec![None]]
            );
        }
    }

    #[test]
    fn message_without_an_id_fails_all_messages() {
        let event = json!([{"eventSource": "aws:sqs", "body": "no JSON"}, {"eventSource": "aws:sqs"}]);
        let found = parse(&event, &|_| None).unwrap();
        for message in &found.messages {
            assert_eq!(message.id, "");
            assert_eq!(keys(message), [None]);
        }
    }

    #[test]
    fn fifo_queue_is_recognized_by_its_name() {
        let body = [created("a.jpg").to_string()];
        assert!(parse(&event("photos.fifo", &body), &|_| None).unwrap().fifo);
    }

    #[test]
    fn other_lists_are_no_messages() {
        for event in [
            json!(null),
            json!([]),
            json!({"Records": []}),
            json!({"Records": 1}),
            json!([1]),
            json!([created("a.jpg")]),
        ] {
            assert!(parse(&event, &|_| None).is_none(), "{event}");
        }
    }
}
