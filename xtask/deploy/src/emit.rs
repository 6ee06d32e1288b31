//! `cargo xtask deploy --emit`: a plan as a SAM template, a CDK construct or a Terraform module. Its policies are the
//! plan's, with the placeholders of the template language instead of an account.

mod cdk;
mod files;
mod hcl;
mod readme;
mod sam;
mod strings;
mod template;
mod terraform;
mod typescript;
mod yaml;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use package::function_package::FunctionPackage;
use package::workspace::Workspace;
use serde::Serialize;
use support::output::{CommandOutput, display_path};

use crate::plan::Plan;
pub use files::{FileChange, write};
pub use template::{EmitFormat, EmittedFile, ReadmePaths};

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Arguments {
    /// Write the plan as a template instead, and deploy nothing
    #[arg(long, value_name = "FORMAT")]
    pub emit: Option<EmitFormat>,

    /// Where to write the template [default: the folder deploy/FORMAT of the function's package]
    #[arg(long, value_name = "DIR", requires = "emit")]
    pub out: Option<PathBuf>,
}

/// The files of the template and its README.
pub fn emit(plan: &Plan, format: EmitFormat, paths: &ReadmePaths) -> Vec<EmittedFile> {
    let mut files = match format {
        EmitFormat::Sam => sam::files(plan),
        EmitFormat::Cdk => cdk::files(plan),
        EmitFormat::Terraform => terraform::files(plan),
    };
    files.push(EmittedFile::new("README.md", readme::text(plan, format, paths)));
    files
}

#[derive(Debug, Serialize)]
pub struct EmitOutput {
    format: EmitFormat,
    folder: PathBuf,
    files: Vec<FileChange>,
}

/// # Errors
/// A file is there that is not one of an earlier run, or was changed since. Nothing is written then.
pub fn run(plan: &Plan, package: &FunctionPackage, format: EmitFormat, out: Option<&Path>) -> Result<EmitOutput> {
    let default = || package.folder().join("deploy").join(format.name());
    let folder = out.map_or_else(default, Path::to_owned);
    let paths = ReadmePaths::new(plan, package, &Workspace::find(), &folder);
    let files = write(&emit(plan, format, &paths), &folder);
    let failed = || format!("failed to write the template to `{}`", folder.display());
    Ok(EmitOutput {
        format,
        files: files.with_context(failed)?,
        folder,
    })
}

impl CommandOutput for EmitOutput {
    fn to_text(&self) -> String {
        let folder = display_path(&self.folder);
        let lines = self.files.iter().map(|file| format!("  {file}\n"));
        let lines: Vec<_> = lines.collect();
        format!(
            "{folder}\n{}the commands that deploy it are in {}",
            lines.concat(),
            display_path(&self.folder.join("README.md"))
        )
    }
}

#[cfg(test)]
mod tests;
