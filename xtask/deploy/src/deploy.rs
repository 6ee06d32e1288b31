//! `cargo xtask deploy`: compares the plan with what is there, shows the steps, and carries them out.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use opencv_build::Sdk;
use package::artefacts::base::Base;
use package::artefacts::lint::check_artefact;
use package::artefacts::{write_function_zip, write_images};
use package::build::{self, Build};
use package::build_function::build_function;
use package::function::Function;
use package::git;
use serde::Serialize;
use support::output::{CommandOutput, print};
use support::progress::print_status;

use crate::apply::{apply, confirm};
use crate::artefact::Artefact;
use crate::aws::Aws;
use crate::deployed::Deployed;
use crate::emit;
use crate::guards;
use crate::plan::Plan;
use crate::plan::access::{Access, Description};
use crate::rollback;
use crate::settings::{OnFailure, PackageType, S3Prefix, Settings, UrlAccess};
use crate::steps::{Change, Context, Step, steps};

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    #[command(flatten)]
    pub target: Target,

    #[command(flatten)]
    pub emit: emit::Arguments,

    /// Deploy a zip archive for the runtime provided.al2023; the default
    #[arg(long, conflicts_with = "image")]
    pub zip: bool,

    /// Deploy an image, which is pushed to the account's registry
    #[arg(long)]
    pub image: bool,

    /// Where new objects trigger the function; may be given several times
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub on: Vec<S3Prefix>,

    /// Put a queue between S3 and the function
    #[arg(long)]
    pub queue: bool,

    /// Give the function a URL, for callers with credentials of AWS
    #[arg(long)]
    pub url: bool,

    /// Let anyone use the URL, at the account's expense
    #[arg(long, requires = "url")]
    pub public: bool,

    /// Take a snapshot after the start of the function, from which it is restored
    #[arg(long)]
    pub snapstart: bool,

    /// The function's memory in MB: 128 to 10240
    #[arg(long, value_name = "MB")]
    pub memory: Option<u32>,

    /// The function's timeout in seconds: 1 to 900
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,

    /// An environment variable; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub env: Vec<(String, String)>,

    /// Where failed events go: `queue`, `none` or the ARN of a destination
    #[arg(long, value_name = "WHERE")]
    pub on_failure: Option<OnFailure>,

    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,

    /// Carry it out without asking
    #[arg(long)]
    pub yes: bool,

    /// Point the alias to the version before, without building anything
    #[arg(long)]
    pub rollback: bool,
}

/// Which function is meant.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Target {
    /// The name of the function in the account [default: the name of the image and the archive]
    #[arg(long)]
    pub name: Option<String>,

    /// The alias that triggers and the URL use
    #[arg(long)]
    pub alias: Option<String>,
}

fn variable(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("it is not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Serialize)]
pub struct DeployOutput {
    function: String,
    /// The steps, in the order in which they are or were carried out.
    steps: Vec<StepOutput>,
    /// Whether they were carried out.
    done: bool,
    url: Option<String>,
}

#[derive(Serialize)]
struct StepOutput {
    resource: String,
    change: Change,
    commands: Vec<String>,
    #[serde(skip)]
    text: String,
}

/// With `--emit`, writes a template instead.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let settings = settings(arguments, &build)?;
    match arguments.emit.emit {
        None => print(&deploy(arguments, &build, &settings)?, json),
        Some(format) => {
            let (_, function) = build_function(&build)?;
            let plan = plan(&build, &settings, &function)?;
            let out = arguments.emit.out.as_deref();
            print(&emit::run(&plan, &build.package, format, out)?, json)
        }
    }
}

fn deploy(arguments: &Arguments, build: &Build, settings: &Settings) -> Result<DeployOutput> {
    let mut aws = Aws::default();
    if arguments.rollback {
        let plan = Plan::new(
            &build.package,
            build.recipe.target.architecture,
            settings,
            Access::default(),
        )?;
        let steps = vec![rollback::step(&mut aws, &plan)?];
        return finish(arguments, &mut aws, &plan, &steps);
    }
    let (sdk, function) = build_function(build)?;
    let plan = plan(build, settings, &function)?;
    let artefact = pack(build, &plan, (&sdk, &function))?;
    let scope = aws.scope()?;
    let deployed = Deployed::read(&mut aws, &plan, &scope)?;
    guards::check(&plan, &scope, &deployed)?;
    let revision = git::head(build.package.workspace.root())?;
    let steps = steps(&Context {
        plan: &plan,
        artefact: &artefact,
        scope: &scope,
        deployed: &deployed,
        revision: revision.as_ref(),
    });
    finish(arguments, &mut aws, &plan, &steps)
}

/// The settings of all sources.
pub fn settings(arguments: &Arguments, build: &Build) -> Result<Settings> {
    let package = match (arguments.zip, arguments.image) {
        (true, _) => Some(PackageType::Zip),
        (_, true) => Some(PackageType::Image),
        (false, false) => None,
    };
    let url = match (arguments.url, arguments.public) {
        (_, true) => Some(UrlAccess::Public),
        (true, false) => Some(UrlAccess::Iam),
        (false, false) => None,
    };
    let options = Settings {
        name: arguments.target.name.clone(),
        alias: arguments.target.alias.clone(),
        package,
        memory: arguments.memory,
        timeout: arguments.timeout,
        environment: arguments.env.iter().cloned().collect(),
        on: (!arguments.on.is_empty()).then(|| arguments.on.clone()),
        queue: arguments.queue.then_some(true),
        url,
        snapstart: arguments.snapstart.then_some(true),
        on_failure: arguments.on_failure.clone(),
        ..Settings::default()
    };
    Ok(options.or(Settings::read(&build.package.manifest)?))
}

/// Asks the function which objects it uses.
fn plan(build: &Build, settings: &Settings, function: &Function) -> Result<Plan> {
    let architecture = build.recipe.target.architecture;
    let draft = Plan::new(&build.package, architecture, settings, Access::default())?;
    let access = match &settings.access {
        Some(access) => access.access(&draft.triggers)?,
        None => Description::of_program(function.binary.path(), &draft.environment)?.access(&draft.triggers),
    };
    Ok(Plan { access, ..draft })
}

/// The finished artefact, checked against Lambda's rules.
fn pack(build: &Build, plan: &Plan, (sdk, function): (&Sdk, &Function)) -> Result<Artefact> {
    let path: PathBuf;
    let artefact = match plan.package {
        PackageType::Zip => {
            path = write_function_zip(sdk, function)?.0;
            Artefact::zip(&path)?
        }
        PackageType::Image => {
            let written = write_images(&build.workspace, sdk, function, &Base::Minimal)?;
            let layout = written.function.layout;
            path = layout.path().to_owned();
            Artefact::Image {
                digest: layout.image().digest(),
                layout: path.clone(),
            }
        }
    };
    check_artefact(&path, plan.architecture, true)?;
    Ok(artefact)
}

fn finish(arguments: &Arguments, aws: &mut Aws, plan: &Plan, steps: &[Step]) -> Result<DeployOutput> {
    let is_needed = steps.iter().any(Step::is_needed);
    let carries_out = is_needed && !arguments.dry_run;
    if carries_out {
        for step in steps {
            print_status(&step.to_string());
        }
        confirm(arguments.yes)?;
        apply(aws, steps)?;
    }
    let url = match carries_out || !is_needed {
        true => crate::deployed::url(aws, plan)?,
        false => None,
    };
    let shown = steps.iter().map(|step| StepOutput {
        resource: step.resource.clone(),
        change: step.change.clone(),
        commands: step.commands.iter().map(ToString::to_string).collect(),
        text: step.to_string(),
    });
    Ok(DeployOutput {
        function: format!("{}:{}", plan.name, plan.alias),
        steps: shown.collect(),
        done: carries_out,
        url,
    })
}

impl CommandOutput for DeployOutput {
    fn to_text(&self) -> String {
        let needed = self.steps.iter().filter(|step| step.change != Change::Leave).count();
        let mut text = match (needed, self.done) {
            (0, _) => format!("{}: nothing to do", self.function),
            (number, true) => format!("{}: {number} steps done", self.function),
            (number, false) => {
                let steps: Vec<_> = self.steps.iter().map(|step| step.text.as_str()).collect();
                format!("{}\n\n{}: {number} steps to do", steps.join("\n"), self.function)
            }
        };
        if let Some(url) = &self.url {
            text += &format!("\n{url}");
        }
        text
    }
}
