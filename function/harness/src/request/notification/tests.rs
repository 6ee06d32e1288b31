//! Every kind of notification in every wrapping.

use serde_json::json;

use super::*;

/// The objects as `BUCKET/KEY`, or the names of their errors.
fn found(event: &Value) -> Option<Vec<String>> {
    let photos = photos(event, &|_| None)?;
    let text = |photo: Result<PhotoRequest>| match photo {
        Ok(PhotoRequest { object, .. }) => format!("{}/{}", object.bucket, object.key),
        Err(error) => error.name().to_owned(),
    };
    Some(photos.into_iter().map(text).collect())
}

fn s3_event(name: &str, key: &str) -> Value {
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": name,
        "s3": {"bucket": {"name": "b"}, "object": {"key": key}},
    }]})
}

fn bridge_event(kind: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": kind, "source": "aws.s3",
        "detail": {"bucket": {"name": "b"}, "object": {"key": key}},
    })
}

fn sns_event(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": message.to_string()}}]})
}

fn sns_message(message: &Value) -> Value {
    json!({"Type": "Notification", "TopicArn": "arn", "Message": message.to_string()})
}

fn sqs_event(message: &Value) -> Value {
    json!({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": message.to_string()}]})
}

fn failed_invocation(event: &Value) -> Value {
    json!({
        "version": "1.0", "requestContext": {"functionArn": "arn", "condition": "RetriesExhausted"},
        "requestPayload": event, "responseContext": {"statusCode": 200}, "responsePayload": {"errorType": "OutOfTime"},
    })
}

fn failed_invocation_event(event: &Value) -> Value {
    json!({
        "source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure",
        "detail": failed_invocation(event),
    })
}

/// The event itself, and in every wrapping and pair of wrappings.
fn wrapped(event: &Value) -> Vec<Value> {
    let wrappings: [fn(&Value) -> Value; 11] = [
        |event| json!([event]),
        sns_event,
        sns_message,
        sqs_event,
        failed_invocation,
        failed_invocation_event,
        |event| json!({"Records": [event]}),
        |event| event.to_string().into(),
        // Input transformers of EventBridge Pipes parse the messages.
        |event| json!([{"messageId": "m", "eventSource": "aws:sqs", "body": event}]),
        |event| json!({"source": "Pipe photos", "detail-type": "Event from aws:sqs", "detail": event}),
        // MinIO's form for other receivers than functions.
        |event| json!({"EventName": "s3:ObjectCreated:Put", "Key": "b/k.jpg", "Records": [event]}),
    ];
    let mut all = vec![event.clone()];
    for outer in wrappings {
        all.push(outer(event));
        all.extend(wrappings.iter().map(|inner| outer(&inner(event))));
    }
    all
}

#[test]
fn new_photos_are_found_in_every_wrapping() {
    for event in [
        s3_event("ObjectCreated:Put", "k.jpg"),
        s3_event("ObjectRestore:Completed", "k.jpg"),
        json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k.jpg"}}}]}),
        bridge_event("Object Created", "k.jpg"),
        bridge_event("Object Restore Completed", "k.jpg"),
        json!({"bucket": "b", "key": "k.jpg"}),
        json!({"detail": {"bucket": {"name": "b"}, "object": {"key": "k.jpg"}}}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k.jpg"}),
        json!({"Items": [{"Key": "k.jpg"}], "BatchInput": {"bucket": "b"}}),
    ] {
        for event in wrapped(&event) {
            assert_eq!(found(&event), Some(vec!["b/k.jpg".to_owned()]), "{event}");
        }
    }
}

#[test]
fn other_changes_and_folders_are_left_alone_in_every_wrapping() {
    for event in [
        json!({"Event": "s3:TestEvent", "Bucket": "b"}),
        json!({"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "You have chosen to subscribe …"}),
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "UnsubscribeConfirmation"}}]}),
        s3_event("ObjectRemoved:Delete", "k.jpg"),
        s3_event("ObjectTagging:Put", "k.jpg"),
        s3_event("Replication:OperationReplicatedAfterThreshold", "k.jpg"),
        s3_event("LifecycleExpiration:Delete", "k.jpg"),
        s3_event("ObjectAcl:Put", "k.jpg"),
        s3_event("ObjectCreated:Put", "a+folder/"),
        bridge_event("Object Deleted", "k.jpg"),
        bridge_event("Object Tags Added", "k.jpg"),
        bridge_event("Object Created", "a folder/"),
        json!({"bucket": "b", "key": "a folder/"}),
        json!({"Bucket": "b", "Key": "k.jpg", "VersionId": "v", "IsLatest": "true", "IsDeleteMarker": "true"}),
        json!({"Items": [{"Key": "a folder/"}], "BatchInput": {"bucket": "b"}}),
    ] {
        for event in wrapped(&event) {
            assert_eq!(found(&event), Some(vec![]), "{event}");
        }
    }
}

#[test]
fn unreadable_record_does_not_affect_the_others() {
    let good = s3_event("ObjectCreated:Put", "k.jpg")["Records"][0].clone();
    for bad in [
        json!({"eventSource": "aws:s3"}),
        json!({"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}}}),
        json!({"EventSource": "aws:sns"}),
        json!({"EventSource": "aws:sns", "Sns": {"Message": "no JSON"}}),
        json!({"eventSource": "aws:sqs", "body": "{}"}),
        json!({"eventSource": "aws:sqs"}),
        json!({"S3_KEY": "k"}),
        json!({"requestPayload": {"key1": "value1"}}),
        json!({"eventSource": "aws:kinesis"}),
        json!(7),
        json!(null),
    ] {
        let expected = ["b/k.jpg", "InvalidRequest", "b/k.jpg"].map(str::to_owned);
        for event in [json!({"Records": [good, bad, good]}), json!([good, bad, good])] {
            assert_eq!(found(&event), Some(expected.to_vec()), "{event}");
        }
    }
}

#[test]
fn event_of_a_successful_invocation_is_not_repeated() {
    let mut record = failed_invocation(&s3_event("ObjectCreated:Put", "k.jpg"));
    record["requestContext"]["condition"] = json!("Success");
    assert_eq!(found(&record), Some(vec![]));
    assert_eq!(
        found(&json!({"detail-type": "a", "source": "lambda", "detail": record})),
        Some(vec![])
    );
}

#[test]
fn direct_event_in_another_keeps_its_options() {
    let direct = json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": {"preset": "fast"}});
    let found = photos(&sqs_event(&direct), &|_| None).unwrap();
    let photo = found[0].as_ref().unwrap();
    assert_eq!(photo.options, Some(vec![("preset".to_owned(), "fast".to_owned())]));
    assert!(photo.is_direct);
}

#[test]
fn named_object_keeps_its_options_in_every_wrapping() {
    let named = json!({"bucket": "b", "key": "k", "options": {"preset": "fast"}});
    for event in wrapped(&named) {
        let found = photos(&event, &|_| None).unwrap();
        let options = found[0].as_ref().unwrap().options.clone();
        assert_eq!(options, Some(vec![("preset".to_owned(), "fast".to_owned())]), "{event}");
    }
}

#[test]
fn nesting_is_limited() {
    let mut event = s3_event("ObjectCreated:Put", "k.jpg");
    for _ in 0..100 {
        event = failed_invocation(&event);
    }
    assert_eq!(found(&event), Some(vec!["InvalidRequest".to_owned()]));
}

#[test]
fn unknown_events_have_no_photos() {
    for event in [
        json!(null),
        json!(1),
        json!("text"),
        json!([]),
        json!([1, 2]),
        json!({}),
        json!({"Records": []}),
        json!({"Records": [{"eventSource": "aws:kinesis"}]}),
        json!({"bucket": "b"}),
        json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
    ] {
        assert_eq!(found(&event), None, "{event}");
    }
}
