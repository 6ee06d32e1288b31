//! `cargo xtask undeploy`: removes what `deploy` made for a function, and nothing else.

use anyhow::Result;
use package::function_package::{FunctionPackage, PackageArguments};
use package::workspace::Workspace;
use serde::Serialize;
use support::output::CommandOutput;
use support::progress::print_status;

use crate::apply::{apply, confirm};
use crate::aws::Aws;
use crate::deploy::Target;
use crate::deployed::Deployed;
use crate::plan::Plan;
use crate::plan::access::Access;
use crate::removal::removal;
use crate::settings::Settings;

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    #[command(flatten)]
    pub target: Target,

    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,

    /// Remove it without asking
    #[arg(long)]
    pub yes: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UndeployOutput {
    function: String,
    removed: Vec<String>,
    /// Whether it was only shown.
    dry_run: bool,
    #[serde(skip)]
    steps: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<UndeployOutput> {
    let package = FunctionPackage::find(&Workspace::find(), &arguments.package)?;
    let options = Settings {
        name: arguments.target.name.clone(),
        alias: arguments.target.alias.clone(),
        ..Settings::default()
    };
    let settings = options.or(Settings::read(&package.manifest)?);
    // The architecture does not matter for what is removed.
    let plan = Plan::new(
        &package,
        opencv_build::Architecture::X86_64,
        &settings,
        Access::default(),
    )?;
    let mut aws = Aws::default();
    let scope = aws.scope()?;
    let mut deployed = Deployed::read(&mut aws, &plan, &scope)?;
    deployed.read_buckets_of_all_aliases(&mut aws, &plan)?;
    let steps = removal(&plan, &deployed);
    if !steps.is_empty() && !arguments.dry_run {
        for step in &steps {
            print_status(&step.to_string());
        }
        confirm(arguments.yes)?;
        apply(&mut aws, &steps)?;
    }
    Ok(UndeployOutput {
        function: plan.name,
        removed: steps.iter().map(|step| step.resource.clone()).collect(),
        dry_run: arguments.dry_run,
        steps: steps.iter().map(ToString::to_string).collect(),
    })
}

impl CommandOutput for UndeployOutput {
    fn to_text(&self) -> String {
        let (function, number) = (&self.function, self.removed.len());
        match (number, self.dry_run) {
            (0, _) => format!("{function}: nothing that `deploy` made is there"),
            (_, true) => format!("{}\n\n{function}: {number} resources to remove", self.steps.join("\n")),
            (_, false) => format!("{function}: {number} resources removed"),
        }
    }
}
