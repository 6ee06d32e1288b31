//! `pack-to SDK PACKAGE PROGRAM FOLDER`, for tests only: packages an existing build into a folder, in a process that
//! can run as another user. PACKAGE is the function's package and the sources of its libraries as JSON, because that user
//! cannot run cargo.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use fs_err as fs;
use layer::zip::Zip;
use opencv_build::Sdk;
use package::artefacts::base::Base;
use package::artefacts::source_date::source_date_epoch;
use package::artefacts::{function_tree, write_function_image, write_sdk_image};
use package::function::{Function, LibrarySources};
use package::function_package::FunctionPackage;
use package::program::exit_code;
use package::workspace::Workspace;
use support::progress::print_to_stderr;

#[derive(Parser)]
struct Arguments {
    sdk: PathBuf,
    package: PathBuf,
    program: PathBuf,
    to: PathBuf,
}

fn main() -> ExitCode {
    print_to_stderr();
    exit_code(run(&Arguments::parse()))
}

/// Writes both images and the zip archive.
fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::find();
    let sdk = Sdk::open(&arguments.sdk);
    let sdk = sdk.with_context(|| format!("no SDK in `{}`", arguments.sdk.display()))?;
    let target = sdk.manifest().target;
    let (package, libraries): (FunctionPackage, LibrarySources) =
        serde_json::from_str(&fs::read_to_string(&arguments.package)?)?;
    let function = Function::check(&package, libraries, &arguments.program, &target)?;
    let (to, reference) = (&arguments.to, format!("{}:latest", package.name));
    write_sdk_image(to, &workspace, &sdk)?;
    write_function_image(to, &reference, &sdk, &function, &Base::Minimal)?;
    let tree = function_tree("", &function)?;
    let zip = to.join(format!("{}.zip", package.name));
    Zip::write(&tree, source_date_epoch()?, &zip)?;
    Ok(())
}
