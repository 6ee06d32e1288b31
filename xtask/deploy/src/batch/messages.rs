//! Objects as messages of a queue: each is a notification of S3, as if the object had just been uploaded.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use support::progress::ProgressStep;

use super::listing::ListedObject;
use super::manifest::encode_key;
use crate::aws::{Aws, AwsCommand};

/// The most messages that SQS takes at once.
pub const MAX_ENTRIES: usize = 10;
/// Commands at the same time: each takes half a second, most of it to start the CLI.
const THREADS: usize = 4;

/// The command for at most [`MAX_ENTRIES`] objects.
pub fn command(queue_url: &str, bucket: &str, region: &str, objects: &[ListedObject]) -> AwsCommand {
    let entries = objects.iter().enumerate().map(|(number, object)| {
        let body = body(bucket, region, object).to_string();
        json!({"Id": number.to_string(), "MessageBody": body})
    });
    AwsCommand::new("sqs", "send-message-batch")
        .option("queue-url", queue_url)
        .option("entries", Value::Array(entries.collect()))
}

fn body(bucket: &str, region: &str, object: &ListedObject) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": region, "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket},
            "object": {"key": encode_key(&object.key), "size": object.size},
        },
    }]})
}

/// # Errors
/// A command fails: some messages were sent.
pub fn send(commands: &[AwsCommand], number: usize) -> Result<()> {
    let mut progress = ProgressStep::start(format!("sending {number} messages"));
    let next = Mutex::new(commands.iter());
    let has_failed = AtomicBool::new(false);
    let (sender, results) = mpsc::channel();
    thread::scope(|threads| {
        for _ in 0..THREADS.min(commands.len()) {
            let (sender, next, has_failed) = (sender.clone(), &next, &has_failed);
            threads.spawn(move || {
                let take = || next.lock().ok().and_then(|mut commands| commands.next());
                while let (false, Some(command)) = (has_failed.load(Ordering::Relaxed), take()) {
                    let sent = send_one(command);
                    has_failed.fetch_or(sent.is_err(), Ordering::Relaxed);
                    if sender.send(sent).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        let mut failure = None;
        for result in results {
            match result {
                Ok(()) => {
                    done += 1;
                    progress.advance(done, commands.len() as u64);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), |error| {
            Err(error).with_context(|| {
                let commands = commands.len();
                format!(
                    "failed to send all messages: {done} of {commands} commands are done, and the function processes what \
                     they sent; run the same command again, which sends these once more too"
                )
            })
        })
    })
}

fn send_one(command: &AwsCommand) -> Result<()> {
    let found = Aws::default().run(command)?;
    match found["Failed"].as_array().and_then(|failed| failed.first()) {
        None => Ok(()),
        Some(failed) => bail!("SQS refused a message: {failed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_notifications_with_encoded_keys() {
        let object = ListedObject {
            key: "in/a b+\"ü\".jpg".to_owned(),
            size: 12,
        };
        let command = command("https://queue", "photos", "eu-central-1", &[object.clone(), object]);
        let entries: Value = serde_json::from_str(command.words().last().unwrap()).unwrap();
        assert_eq!((&entries[0]["Id"], &entries[1]["Id"]), (&"0".into(), &"1".into()));
        let body: Value = serde_json::from_str(entries[1]["MessageBody"].as_str().unwrap()).unwrap();
        let record = &body["Records"][0];
        assert_eq!(record["s3"]["object"]["key"], "in/a%20b%2B%22%C3%BC%22.jpg");
        assert_eq!(
            (&record["s3"]["bucket"]["name"], &record["eventName"]),
            (&"photos".into(), &"ObjectCreated:Put".into())
        );
    }
}
