//! `cargo xtask deploy`: compares the plan with what is there, shows the steps, and carries them out.

mod arguments;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use opencv_build::Sdk;
use package::artefacts::base::Base;
use package::artefacts::lint::check_artefact;
use package::artefacts::{write_function_zip, write_images};
use package::build::Build;
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
use crate::settings::{PackageType, Settings};
use crate::steps::{Change, Context, Step, StepOutput, steps};

pub use self::arguments::{Arguments, Target};

#[derive(Serialize)]
pub struct DeployOutput {
    function: String,
    /// The steps, in the order in which they are or were carried out.
    steps: Vec<StepOutput>,
    /// Whether they were carried out.
    done: bool,
    url: Option<String>,
}

/// With `--emit`, writes a template instead.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let settings = arguments.settings(&build.package.manifest)?;
    // Building takes minutes, after which a wrong setting would be a surprise.
    let architecture = build.recipe.target.architecture;
    let draft = Plan::new(&build.package, architecture, &settings, Access::default())?;
    match arguments.emit.emit {
        None => print(&deploy(arguments, &build, &settings, draft)?, json),
        Some(format) => {
            require_tools(&build, &settings, &draft)?;
            let (_, function) = build_function(&build)?;
            let plan = plan(draft, &settings, &function)?;
            let out = arguments.emit.out.as_deref();
            print(&emit::run(&plan, &build.package, format, out)?, json)
        }
    }
}

fn deploy(arguments: &Arguments, build: &Build, settings: &Settings, draft: Plan) -> Result<DeployOutput> {
    let mut aws = Aws::default();
    if arguments.rollback {
        let steps = vec![rollback::step(&mut aws, &draft)?];
        return finish(arguments, &mut aws, &draft, &steps);
    }
    // Credentials may be missing, too.
    let scope = aws.scope()?;
    require_tools(build, settings, &draft)?;
    let (sdk, function) = build_function(build)?;
    let plan = plan(draft, settings, &function)?;
    let artefact = pack(build, &plan, (&sdk, &function))?;
    let deployed = Deployed::read(&mut aws, &plan, &scope)?;
    guards::check(&plan, &scope, &deployed)?;
    guards::check_code_storage(&artefact, &deployed)?;
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

/// What is missing for another architecture than this machine's is reported before the build, which can take minutes.
fn require_tools(build: &Build, settings: &Settings, plan: &Plan) -> Result<()> {
    if settings.access.is_none() {
        let runner = build.sysroot.runner();
        runner.context("the function must run to say which objects it uses, unless `access` in its settings does")?;
    }
    if plan.package == PackageType::Image {
        build.sysroot.root()?;
    }
    Ok(())
}

/// Asks the function which objects it uses.
fn plan(draft: Plan, settings: &Settings, function: &Function) -> Result<Plan> {
    let access = match &settings.access {
        Some(access) => access.access(&draft.triggers)?,
        None => Description::of_function(function, &draft.environment)?.access(&draft.triggers),
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
    Ok(DeployOutput {
        function: format!("{}:{}", plan.name, plan.alias),
        steps: steps.iter().map(StepOutput::from).collect(),
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
