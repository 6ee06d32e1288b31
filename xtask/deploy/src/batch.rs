//! `cargo xtask batch`: invokes the deployed function for all objects of a bucket or below a prefix, with a job of S3
//! Batch Operations, or through the queue in front of the function. It estimates time and cost, shows what it will do,
//! follows it, and says what failed.

mod estimate;
mod follow;
mod function;
mod job;
mod listing;
mod log_errors;
mod manifest;
mod messages;
mod output;
mod queue;
mod report;
mod role;
mod run_job;
mod run_queue;
mod source;

use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::resume_unwind;
use std::thread;

use anyhow::Result;
use package::function_package::PackageArguments;
use package::workspace::Workspace;
use support::output::print;
use support::progress::print_status;

use self::estimate::{Sender, Speed};
use self::follow::{follow, sum_up};
use self::function::BatchFunction;
use self::job::Job;
use self::output::BatchOutput;
use self::queue::Queues;
use self::source::Source;
use crate::apply::confirm;
use crate::aws::Aws;
use crate::deploy::Target;
use crate::prices::Prices;
use crate::settings::S3Prefix;
use crate::steps::{Step, StepOutput};

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    #[command(flatten)]
    pub target: Target,

    /// The objects: all of a bucket, or those below a prefix
    #[arg(value_name = "s3://BUCKET/PREFIX", required_unless_present_any = ["job", "redrive"])]
    place: Option<S3Prefix>,

    /// Send the objects through the queue in front of the function, instead of making a job
    #[arg(long, conflicts_with_all = ["report", "again"])]
    queue: bool,

    /// Follow a job that was made before, and sum up its report
    #[arg(long, value_name = "ID", conflicts_with_all = ["place", "queue", "limit", "report", "again", "dry_run"])]
    job: Option<String>,

    /// Move the messages of the dead-letter queue back to the queue in front of the function
    #[arg(long, conflicts_with_all = ["place", "job", "limit", "report", "again"])]
    redrive: bool,

    /// Process at most this many objects
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,

    /// The milliseconds that a photo takes, for the estimate [default: from the last day of the function's log]
    #[arg(long, value_name = "MS")]
    duration: Option<NonZeroU32>,

    /// Where the manifest and the report are written [default: s3://BUCKET/batch-jobs/]
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    report: Option<S3Prefix>,

    /// Make a new job, even if there is one of today for the same objects and the same version of the function
    #[arg(long)]
    again: bool,

    /// Do not wait for the end
    #[arg(long)]
    no_wait: bool,

    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// Carry it out without asking
    #[arg(long)]
    yes: bool,
}

/// # Errors
/// It cannot be carried out, or objects failed.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let mut aws = Aws::default();
    let output = match (&arguments.job, &arguments.place) {
        (Some(id), _) => of_job(&mut aws, arguments, id)?,
        (None, Some(place)) => of_place(&mut aws, arguments, place)?,
        (None, None) => of_failed(&mut aws, arguments)?,
    };
    print(&output, json)?;
    output.check()
}

/// Of a job that is there.
fn of_job(aws: &mut Aws, arguments: &Arguments, id: &str) -> Result<BatchOutput> {
    let scope = aws.scope()?;
    let found = Job::find(aws, &scope, id)?;
    let job = match arguments.no_wait || found.has_ended() {
        true => found,
        false => follow(aws, &scope, id)?,
    };
    Ok(BatchOutput {
        job: Some(sum_up(aws, job, &Workspace::find().target_dir())),
        ..BatchOutput::default()
    })
}

fn of_place(aws: &mut Aws, arguments: &Arguments, place: &S3Prefix) -> Result<BatchOutput> {
    let function = BatchFunction::find(aws, &arguments.package, &arguments.target)?;
    let (plan, scope) = (&function.plan, &function.scope);
    let folder = run_job::folder(arguments.report.as_ref(), place, &plan.name)?;
    let queues = match arguments.queue {
        true => Some(Queues::find(aws, plan, scope)?),
        false => None,
    };
    // A call takes half a second, most of it to start the CLI.
    let (source, speed) = thread::scope(|threads| {
        let speed = threads.spawn(|| Speed::read(&mut Aws::default(), arguments.duration, &function.version));
        let source = Source::read(aws, plan, scope, place, &folder, arguments.limit);
        (source, speed.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let (source, speed) = (source?, speed?);
    let steps = match &queues {
        Some(queues) => vec![run_queue::step(queues, &source, &scope.region)],
        None => run_job::steps(aws, &function, &source, &folder, arguments.again)?,
    };
    let sender = if arguments.queue { Sender::Queue } else { Sender::Job };
    let mut output = BatchOutput {
        place: place.to_string(),
        listing: Some(source.listing.clone()),
        estimate: Some(speed.estimate(&source.listing, &function.version, sender, &Prices::embedded()?)),
        notes: source.notes.clone(),
        ..output_of(&function, &steps, sender)
    };
    if arguments.dry_run {
        return Ok(output);
    }
    print_status(&output.plan_text());
    confirm(arguments.yes)?;
    output.done = true;
    let wait = !arguments.no_wait;
    match (&queues, &steps[..]) {
        (Some(queues), [step]) => {
            output.queue = Some(run_queue::run(aws, &function, (queues, &source), step, wait)?);
        }
        _ => output.job = Some(run_job::run(aws, &function, &steps, wait)?),
    }
    Ok(output)
}

/// Of the messages in the dead-letter queue.
fn of_failed(aws: &mut Aws, arguments: &Arguments) -> Result<BatchOutput> {
    let function = BatchFunction::find(aws, &arguments.package, &arguments.target)?;
    let queues = Queues::find(aws, &function.plan, &function.scope)?;
    let Some((step, counts)) = run_queue::redrive_step(aws, &function, &queues)? else {
        return Ok(output_of(&function, &[], Sender::Queue));
    };
    let mut output = output_of(&function, std::slice::from_ref(&step), Sender::Queue);
    if arguments.dry_run {
        return Ok(output);
    }
    print_status(&output.plan_text());
    confirm(arguments.yes)?;
    output.done = true;
    let wait = !arguments.no_wait;
    output.queue = Some(run_queue::redrive(aws, &function, &queues, (&step, counts), wait)?);
    Ok(output)
}

fn output_of(function: &BatchFunction, steps: &[Step], sender: Sender) -> BatchOutput {
    let shown = steps.iter().map(|step| match sender {
        Sender::Job => StepOutput::from(step),
        Sender::Queue => StepOutput::from(&run_queue::shown(step)),
    });
    BatchOutput {
        function: function.version.display_name(),
        steps: shown.collect(),
        ..BatchOutput::default()
    }
}

#[cfg(test)]
mod tests;
