//! `cargo xtask batch`: invokes the deployed function for all objects of a bucket or below a prefix, with a job of S3
//! Batch Operations. It shows what it will do, follows the job, and says what failed.

mod estimate;
mod follow;
mod job;
mod listing;
mod manifest;
mod output;
mod report;
mod role;
mod source;

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use fs_err as fs;
use layer::Digest;
use package::function_package::{FunctionPackage, PackageArguments};
use package::workspace::Workspace;
use support::output::print;
use support::progress::print_status;
use time::OffsetDateTime;

use self::estimate::{Basis, Estimate, Sender, concurrency};
use self::follow::{follow, going_on, sum_up};
use self::job::{JOB_ID, Job, JobRequest};
use self::manifest::manifest;
use self::output::BatchOutput;
use self::source::Source;
use crate::apply::{apply, confirm};
use crate::arn::Scope;
use crate::aws::Aws;
use crate::deploy::Target;
use crate::deployed::batch_role;
use crate::function_version::FunctionVersion;
use crate::plan::Plan;
use crate::plan::access::Access;
use crate::prices::Prices;
use crate::settings::{S3Prefix, Settings};
use crate::steps::{Step, StepOutput};

/// The folder of jobs' files in a bucket, unless another one is named.
const FOLDER: &str = "batch-jobs/";
/// Of the digest in the name of a job's folder.
const DIGEST_CHARS: usize = 12;

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    #[command(flatten)]
    pub target: Target,

    /// The objects: all of a bucket, or those below a prefix
    #[arg(value_name = "s3://BUCKET/PREFIX", required_unless_present = "job")]
    place: Option<S3Prefix>,

    /// Follow a job that was made before, and sum up its report
    #[arg(long, value_name = "ID", conflicts_with_all = ["place", "limit", "report", "again", "dry_run"])]
    job: Option<String>,

    /// Take only so many objects
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,

    /// The milliseconds that a photo takes, for the estimate [default: from the last day of the function's log]
    #[arg(long, value_name = "MS")]
    duration: Option<f64>,

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

/// The function, and where it is.
struct Batch<'a> {
    arguments: &'a Arguments,
    workspace: Workspace,
    plan: Plan,
    scope: Scope,
    function: FunctionVersion,
}

/// # Errors
/// It cannot be carried out, or objects failed.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let mut aws = Aws::default();
    let output = match (&arguments.job, &arguments.place) {
        (Some(id), _) => of_job(&mut aws, arguments, id)?,
        (None, place) => {
            let batch = Batch::find(&mut aws, arguments)?;
            batch.run(&mut aws, place.as_ref().context("no prefix was named")?)?
        }
    };
    print(&output, json)?;
    output.check()
}

fn of_job(aws: &mut Aws, arguments: &Arguments, id: &str) -> Result<BatchOutput> {
    let scope = aws.scope()?;
    let job = match arguments.no_wait {
        true => Job::find(aws, &scope, id)?,
        false => follow(aws, &scope, id)?,
    };
    Ok(BatchOutput {
        job: Some(sum_up(aws, job, &Workspace::find().target_dir())),
        ..BatchOutput::default()
    })
}

impl<'a> Batch<'a> {
    fn find(aws: &mut Aws, arguments: &'a Arguments) -> Result<Self> {
        let workspace = Workspace::find();
        let package = FunctionPackage::find(&workspace, &arguments.package)?;
        let options = Settings {
            name: arguments.target.name.clone(),
            alias: arguments.target.alias.clone(),
            ..Settings::default()
        };
        let settings = options.or(Settings::read(&package.manifest)?);
        let scope = aws.scope()?;
        // The architecture does not matter for a function that is there.
        let architecture = opencv_build::Architecture::X86_64;
        let plan = Plan::new(&package, architecture, &settings, Access::default())?;
        let alias = arguments.target.alias.as_deref();
        let function = FunctionVersion::find(aws, &plan.name, alias, &settings)?;
        Ok(Self {
            arguments,
            workspace,
            plan,
            scope,
            function,
        })
    }

    fn run(&self, aws: &mut Aws, place: &S3Prefix) -> Result<BatchOutput> {
        let folder = folder(self.arguments.report.as_ref(), place, &self.plan.name)?;
        let source = Source::read(aws, &self.plan, &self.scope, place, &folder, self.arguments.limit)?;
        let steps = self.job_steps(aws, &source, &folder)?;
        let mut output = BatchOutput {
            function: self.function.display_name(),
            place: place.to_string(),
            listing: Some(source.listing.clone()),
            estimate: Some(self.estimate(aws, &source, Sender::Job)?),
            notes: source.notes.clone(),
            steps: steps.iter().map(StepOutput::from).collect(),
            ..BatchOutput::default()
        };
        if self.arguments.dry_run {
            return Ok(output);
        }
        print_status(&output.plan_text());
        confirm(self.arguments.yes)?;
        output.done = true;
        output.job = Some(self.run_job(aws, &steps)?);
        Ok(output)
    }

    fn estimate(&self, aws: &mut Aws, source: &Source, sender: Sender) -> Result<Estimate> {
        let basis = match self.arguments.duration {
            Some(milliseconds) => Some(Basis::given(milliseconds)),
            None => Basis::of_log(aws, &self.function.log_group)?,
        };
        let concurrency = concurrency(aws, &self.function)?;
        let (listing, prices) = (&source.listing, Prices::embedded()?);
        Ok(Estimate::new(
            listing,
            &self.function,
            sender,
            basis.as_ref(),
            concurrency,
            &prices,
        ))
    }

    fn job_steps(&self, aws: &mut Aws, source: &Source, folder: &S3Prefix) -> Result<Vec<Step>> {
        let arn = self.function_arn();
        let found = batch_role(aws, &self.plan)?;
        let role = role::step(&self.plan, &self.scope, found.as_ref(), &arn, folder)?;
        let text = manifest(&source.place.bucket, &source.listing.objects);
        let now = OffsetDateTime::now_utc();
        let mut name = format!("{}-", now.date());
        let identity = format!("{arn}\n{}\n{name}\n{text}", self.function.version);
        let mut token = Digest::of(identity.as_bytes()).hex();
        token.truncate(DIGEST_CHARS);
        if self.arguments.again {
            token += &format!("-{}", now.unix_timestamp());
        }
        name += &token;
        let file = self
            .workspace
            .target_dir()
            .join("batch")
            .join(&self.plan.name)
            .join(job::MANIFEST);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, text)?;
        let request = JobRequest {
            function_arn: &arn,
            role: &self.plan.batch_role_name(),
            folder: &S3Prefix {
                bucket: folder.bucket.clone(),
                prefix: format!("{}{name}/", folder.prefix),
            },
            token: &name,
            description: &description(&self.function.display_name(), &source.place),
            manifest: &file,
            number: source.listing.number,
        };
        Ok([role].into_iter().chain(request.steps(&self.scope)).collect())
    }

    fn function_arn(&self) -> String {
        match &self.function.alias {
            Some(alias) => self.scope.alias(&self.function.name, alias),
            None => self.scope.function(&self.function.name),
        }
    }

    fn run_job(&self, aws: &mut Aws, steps: &[Step]) -> Result<follow::JobOutput> {
        apply(aws, steps)?;
        let id = aws
            .variable(JOB_ID)
            .context("S3 did not say what the job's ID is")?
            .to_owned();
        let job = match self.arguments.no_wait {
            true => {
                print_status(&going_on(&self.scope, &id));
                Job::find(aws, &self.scope, &id)?
            }
            false => follow(aws, &self.scope, &id)?,
        };
        Ok(sum_up(aws, job, &self.workspace.target_dir()))
    }
}

/// That of all jobs of the function.
///
/// # Errors
/// Its keys would need quotes in a command.
fn folder(report: Option<&S3Prefix>, place: &S3Prefix, function: &str) -> Result<S3Prefix> {
    let (bucket, prefix) = match report {
        Some(report) => (&report.bucket, report.prefix.as_str()),
        None => (&place.bucket, FOLDER),
    };
    let separator = if prefix.is_empty() || prefix.ends_with('/') {
        ""
    } else {
        "/"
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    anyhow::ensure!(
        prefix.chars().all(is_plain),
        "`--report` has `{prefix}`; use only letters, digits, `-`, `_`, `.` and `/`"
    );
    Ok(S3Prefix {
        bucket: bucket.clone(),
        prefix: format!("{prefix}{separator}{function}/"),
    })
}

/// The most that S3 permits are 256 characters.
fn description(function: &str, place: &S3Prefix) -> String {
    format!("{function} for {place}").chars().take(256).collect()
}

#[cfg(test)]
mod tests;
