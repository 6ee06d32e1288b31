//! `pack-to SDK PROGRAM FOLDER`, for tests only: packages an existing build into a folder, in a process that can run as
//! another user.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use layer::elf::FunctionBinary;
use layer::zip::Zip;
use opencv_build::Sdk;
use package::artefacts::base::Base;
use package::artefacts::source_date::source_date_epoch;
use package::artefacts::{FUNCTION_NAME, function_tree, write_function_image, write_sdk_image};
use package::program::exit_code;
use package::workspace::Workspace;

#[derive(Parser)]
struct Arguments {
    sdk: PathBuf,
    binary: PathBuf,
    to: PathBuf,
}

fn main() -> ExitCode {
    exit_code(run(&Arguments::parse()))
}

/// Writes both images and the zip archive.
fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::find();
    let sdk = Sdk::open(&arguments.sdk);
    let sdk = sdk.with_context(|| format!("no SDK in `{}`", arguments.sdk.display()))?;
    let target = sdk.manifest().target;
    let binary = FunctionBinary::check(&arguments.binary, target.architecture, target.glibc)?;
    let (to, reference) = (&arguments.to, format!("{FUNCTION_NAME}:latest"));
    write_sdk_image(to, &workspace, &sdk)?;
    write_function_image(to, &reference, &workspace, &sdk, &binary, &Base::Minimal)?;
    let tree = function_tree("/bootstrap", &binary)?;
    let zip = to.join(format!("{FUNCTION_NAME}.zip"));
    Zip::write(&tree, source_date_epoch()?, &zip)?;
    Ok(())
}
