//! A batch through the queue in front of the function: its steps, running them, and repeating what failed.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::thread::sleep;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::follow::{POLL_INTERVAL, on_interruption, poll_until_answered};
use super::function::BatchFunction;
use super::listing::ListedObject;
use super::log_errors::errors_since;
use super::messages::{MAX_ENTRIES, command, send};
use super::queue::{Counts, QueueOutput, Queues};
use super::source::Source;
use crate::apply::apply;
use crate::aws::{Aws, AwsCommand};
use crate::logs::event::milliseconds_now;
use crate::steps::{Change, Step, StepCommand};

/// A step with all commands.
pub fn step(queues: &Queues, source: &Source, region: &str) -> Step {
    let chunks = source.listing.objects.chunks(MAX_ENTRIES);
    let of_chunk = |objects: &[ListedObject]| command(&queues.url, &source.place.bucket, region, objects);
    let (number, name) = (source.listing.number, &queues.name);
    Step::new(
        format!("{number} messages in the queue {name}"),
        Change::Create,
        chunks.map(of_chunk).collect(),
    )
}

/// Only the first command, which stands for all of them.
pub fn shown(step: &Step) -> Step {
    let others = step.commands.len().saturating_sub(1);
    let resource = match others {
        0 => step.resource.clone(),
        others => format!("{}, with this command and {others} like it", step.resource),
    };
    Step {
        resource,
        change: step.change.clone(),
        commands: step.commands.iter().take(1).cloned().collect(),
    }
}

/// Sends the messages, and follows the queue, unless it is not to `wait`.
pub fn run(
    aws: &mut Aws,
    function: &BatchFunction,
    (queues, source): (&Queues, &Source),
    step: &Step,
    wait: bool,
) -> Result<QueueOutput> {
    let start = milliseconds_now();
    let before = queues.counts(aws)?;
    let commands = step.commands.iter().filter_map(|command| match command {
        StepCommand::Aws(command) => Some(command.clone()),
        StepCommand::Push { .. } => None,
    });
    let (ended, _message) = on_interruption(format!("not all messages were sent; {}", queues.going_on()))?;
    let result = send(&commands.collect::<Vec<_>>(), source.listing.number);
    ended.store(true, Ordering::Relaxed);
    result?;
    let objects = source.listing.objects.iter();
    let objects = objects
        .map(|object| format!("s3://{}/{}", source.place.bucket, object.key))
        .collect();
    let sent = source.listing.number as u64;
    finish(
        aws,
        function,
        queues,
        (start, before.failed, sent),
        Some(&objects),
        wait,
    )
}

/// Moves what is in the dead-letter queue back; no step if there is nothing.
///
/// # Errors
/// There is no such queue.
pub fn redrive_step(aws: &mut Aws, function: &BatchFunction, queues: &Queues) -> Result<Option<(Step, Counts)>> {
    let Some((name, _)) = &queues.failed else {
        bail!(
            "the queue `{}` has no dead-letter queue; `cargo xtask deploy --queue --on-failure queue` makes it",
            queues.name
        );
    };
    let counts = queues.counts(aws)?;
    if counts.failed == 0 {
        return Ok(None);
    }
    let command = AwsCommand::new("sqs", "start-message-move-task");
    let command = command.option("source-arn", function.scope.queue(name));
    let change = Change::Update(vec![format!("move {} messages back to {}", counts.failed, queues.name)]);
    Ok(Some((
        Step::new(format!("queue {name}"), change, vec![command]),
        counts,
    )))
}

pub fn redrive(
    aws: &mut Aws,
    function: &BatchFunction,
    queues: &Queues,
    (step, counts): (&Step, Counts),
    wait: bool,
) -> Result<QueueOutput> {
    let start = milliseconds_now();
    apply(aws, std::slice::from_ref(step))?;
    if wait && let Some((name, _)) = &queues.failed {
        wait_until_moved(aws, &function.scope.queue(name))?;
    }
    finish(aws, function, queues, (start, 0, counts.failed), None, wait)
}

fn wait_until_moved(aws: &mut Aws, arn: &str) -> Result<()> {
    let command = AwsCommand::new("sqs", "list-message-move-tasks");
    let command = command.option("source-arn", arn).option("max-results", 1);
    loop {
        let found = poll_until_answered(|| Ok(aws.run(&command)?))?;
        let task = &found["Results"][0];
        match task["Status"].as_str() {
            Some("RUNNING" | "CANCELLING") => sleep(POLL_INTERVAL),
            Some("COMPLETED") => return Ok(()),
            status => bail!("the messages of {arn} were not all moved: {}", failure(status, task)),
        }
    }
}

fn failure(status: Option<&str>, task: &Value) -> String {
    let reason = task["FailureReason"].as_str().unwrap_or("SQS gives no reason");
    format!("{}, {reason}", status.unwrap_or("no task"))
}

fn finish(
    aws: &mut Aws,
    function: &BatchFunction,
    queues: &Queues,
    (start, failed_before, sent): (i64, u64, u64),
    objects: Option<&BTreeSet<String>>,
    wait: bool,
) -> Result<QueueOutput> {
    let mut output = QueueOutput {
        queue: queues.name.clone(),
        failed_queue: queues.failed.as_ref().map(|(name, _)| name.clone()),
        sent,
        left: sent,
        ..QueueOutput::default()
    };
    if wait {
        let counts = queues.follow(aws, sent)?;
        output.left = counts.left;
        output.failed = counts.failed.saturating_sub(failed_before);
        output.errors = errors_since(aws, &function.version.log_group, start, objects)
            .context("the messages are processed, but what failed cannot be read from the log")?;
    }
    Ok(output)
}
