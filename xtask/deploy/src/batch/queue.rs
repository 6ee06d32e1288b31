//! The queue between S3 and the function, and its dead-letter queue: what is in them, and when the function is done.

use std::sync::atomic::Ordering;
use std::thread::sleep;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;
use support::progress::ProgressStep;

use super::follow::{POLL_INTERVAL, on_interruption, poll_until_answered};
use super::report::{ErrorGroup, errors_text};
use crate::arn::Scope;
use crate::aws::{Aws, AwsCommand};
use crate::plan::Plan;

pub struct Queues {
    pub name: String,
    pub url: String,
    /// The name and the URL of the dead-letter queue, if there is one.
    pub failed: Option<(String, String)>,
}

/// Approximate numbers of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting, or received by the function.
    pub left: u64,
    /// In the dead-letter queue.
    pub failed: u64,
}

/// What became of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueOutput {
    pub queue: String,
    pub failed_queue: Option<String>,
    /// The messages of this command.
    pub sent: u64,
    /// Those that are still waiting or being processed.
    pub left: u64,
    /// Those that came into the dead-letter queue.
    pub failed: u64,
    /// By objects, from the function's log.
    pub errors: Vec<ErrorGroup>,
}

impl Queues {
    /// # Errors
    /// There is no queue, or the function does not read it.
    pub fn find(aws: &mut Aws, plan: &Plan, scope: &Scope) -> Result<Self> {
        let name = &plan.name;
        let Some(url) = queue_url(aws, name)? else {
            bail!(
                "there is no queue `{name}` in front of the function; make it with `cargo xtask deploy --on \
                 s3://BUCKET/PREFIX --queue`, or leave out `--queue` for a job of S3 Batch Operations"
            );
        };
        let command = AwsCommand::new("lambda", "list-event-source-mappings")
            .option("function-name", scope.alias(name, &plan.alias))
            .option("event-source-arn", scope.queue(name));
        let found = aws.run(&command)?;
        if found["EventSourceMappings"].as_array().is_none_or(Vec::is_empty) {
            bail!(
                "the function `{name}:{}` does not read the queue `{name}`; `cargo xtask deploy --queue` connects them",
                plan.alias
            );
        }
        let failed = queue_url(aws, &plan.failed_name())?;
        Ok(Self {
            name: name.clone(),
            url,
            failed: failed.map(|url| (plan.failed_name(), url)),
        })
    }

    pub fn counts(&self, aws: &mut Aws) -> Result<Counts> {
        Ok(Counts {
            left: messages(aws, &self.url)?,
            failed: self.failed(aws)?,
        })
    }

    fn failed(&self, aws: &mut Aws) -> Result<u64> {
        let url = self.failed.as_ref().map(|(_, url)| url);
        url.map_or(Ok(0), |url| messages(aws, url))
    }

    /// Until no message is left.
    pub fn follow(&self, aws: &mut Aws, total: u64) -> Result<Counts> {
        let (ended, _message) = on_interruption(self.going_on())?;
        let counts = self.poll(aws, total);
        ended.store(true, Ordering::Relaxed);
        counts
    }

    /// What happens without this command.
    pub fn going_on(&self) -> String {
        format!(
            "the function goes on with what is in the queue `{}`; `cargo xtask logs` shows what it does, and `cargo xtask \
             batch --redrive` repeats what is in its dead-letter queue",
            self.name
        )
    }

    fn poll(&self, aws: &mut Aws, total: u64) -> Result<Counts> {
        let mut progress = ProgressStep::start(format!("the queue {}", self.name));
        let mut was_empty = false;
        loop {
            let left = poll_until_answered(|| messages(aws, &self.url))?;
            progress.advance(total.saturating_sub(left), total);
            // Numbers are approximate: one is not enough.
            if left == 0 && was_empty {
                let failed = poll_until_answered(|| self.failed(aws))?;
                return Ok(Counts { left, failed });
            }
            was_empty = left == 0;
            sleep(POLL_INTERVAL);
        }
    }
}

fn queue_url(aws: &mut Aws, name: &str) -> Result<Option<String>> {
    let found = aws.find(&AwsCommand::new("sqs", "get-queue-url").option("queue-name", name))?;
    Ok(found.and_then(|found| found["QueueUrl"].as_str().map(str::to_owned)))
}

fn messages(aws: &mut Aws, url: &str) -> Result<u64> {
    let names = ["", "NotVisible", "Delayed"].map(|suffix| format!("ApproximateNumberOfMessages{suffix}"));
    let command = AwsCommand::new("sqs", "get-queue-attributes").option("queue-url", url);
    let found = aws.run(&command.options("attribute-names", names))?;
    Ok(sum(&found["Attributes"]))
}

/// SQS returns numbers as strings.
fn sum(attributes: &Value) -> u64 {
    let values = attributes.as_object().into_iter().flat_map(|object| object.values());
    values.filter_map(|value| value.as_str()?.parse::<u64>().ok()).sum()
}

impl QueueOutput {
    /// # Errors
    /// Messages failed.
    pub fn check(&self) -> Result<()> {
        match (self.failed, &self.failed_queue) {
            (0, _) | (_, None) => Ok(()),
            (failed, Some(queue)) => bail!(
                "{failed} of {} messages failed, and are in the queue `{queue}`; correct it, and repeat them with `cargo \
                 xtask batch --redrive`",
                self.sent
            ),
        }
    }

    pub fn to_text(&self) -> String {
        let mut text = format!("queue {}: {} messages", self.queue, self.sent);
        text += &match self.left {
            0 => format!(", {} failed\n", self.failed),
            left => format!(", {left} are left\n"),
        };
        if !self.errors.is_empty() {
            let errors = errors_text(&self.errors);
            text += &format!("Errors of the function's log, each with the first object:\n{errors}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_of_messages_are_added() {
        let attributes = json!({
            "ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "3",
            "ApproximateNumberOfMessagesDelayed": "0",
        });
        assert_eq!((sum(&attributes), sum(&Value::Null)), (15, 0));
    }

    #[test]
    fn failed_messages_are_an_error() {
        let mut output = QueueOutput {
            queue: "thumbs".to_owned(),
            failed_queue: Some("thumbs-failed".to_owned()),
            sent: 12,
            ..QueueOutput::default()
        };
        output.check().unwrap();
        assert_eq!(output.to_text(), "queue thumbs: 12 messages, 0 failed\n");
        output.failed = 2;
        let error = output.check().unwrap_err().to_string();
        assert!(
            error.contains("2 of 12 messages failed, and are in the queue `thumbs-failed`"),
            "{error}"
        );
        output.left = 3;
        assert!(output.to_text().contains("12 messages, 3 are left"));
    }
}
