//! What templates of all formats have: their files, their first comment, and what they ask of a plan.

use std::path::Path;

use package::artefacts::zip_path;
use package::function_package::FunctionPackage;
use package::workspace::Workspace;
use serde::Serialize;
use support::output::display_path;
use support::run::shell_word;

use crate::plan::Plan;
use crate::settings::{OnFailure, PackageType};

/// The archive's name beside the template.
pub(super) const ARCHIVE: &str = "function.zip";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum EmitFormat {
    /// A template of AWS SAM
    Sam,
    /// A construct and an app of the AWS CDK, in TypeScript
    Cdk,
    /// A module of Terraform
    Terraform,
}

impl EmitFormat {
    pub const ALL: [Self; 3] = [Self::Sam, Self::Cdk, Self::Terraform];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sam => "sam",
            Self::Cdk => "cdk",
            Self::Terraform => "terraform",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedFile {
    pub name: String,
    pub text: String,
}

impl EmittedFile {
    pub fn new(name: impl Into<String>, text: String) -> Self {
        Self {
            name: name.into(),
            text,
        }
    }
}

/// What the README's commands refer to, as words of a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadmePaths {
    /// Options that select the package, each after a space; empty for the default package.
    pub package_options: String,
    /// The archive that `cargo xtask zip` writes.
    pub archive: String,
    /// The folder of the template.
    pub folder: String,
}

impl ReadmePaths {
    pub fn new(plan: &Plan, package: &FunctionPackage, project: &Workspace, folder: &Path) -> Self {
        let archive = zip_path(package, plan.architecture);
        Self {
            package_options: package.options(project),
            archive: shell_word(&display_path(&archive)).into_owned(),
            folder: shell_word(&display_path(folder)).into_owned(),
        }
    }
}

/// The first comment of every template.
pub(super) fn header(format: EmitFormat) -> String {
    format!(
        "Written by `cargo xtask deploy --emit {}`. Change the settings of the deployment and run it again, or edit this \
         file, which then is not overwritten.",
        format.name()
    )
}

/// What templates ask of a plan.
impl Plan {
    pub(super) fn is_image(&self) -> bool {
        self.package == PackageType::Image
    }

    /// Of letters, digits and `-`, after a letter.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html>
    pub(super) fn stack_name(&self) -> String {
        let name = self.name.replace('_', "-");
        match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => name,
            false => format!("function-{name}"),
        }
    }

    /// Whether failed asynchronous invocations go to the queue that is made for them.
    pub(super) fn fails_to_own_queue(&self) -> bool {
        self.on_failure == OnFailure::Queue && !self.queue
    }
}
