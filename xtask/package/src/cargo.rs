//! Starts cargo for builds with only those parts of the user's environment and configuration that say where crates
//! are downloaded from, and nothing that changes how they are compiled.
//!
//! cargo reads configuration files in the current folder and all above it, and in its home. So it is started in a home
//! that we write: see [`home`].

mod config;
mod home;
mod standard_library;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;
use opencv_build::Architecture;
use support::environment::{Environment, VariableGroup};

use crate::target_tools::TargetTools;
use crate::workspace::Workspace;
pub(crate) use toolchain::RustToolchain;

/// cargo's own tests set this variable to end the search for configuration files at a folder instead of the root. It
/// is not documented, so a test compiles a package in a folder with a hostile configuration.
const CONFIG_SEARCH_ROOT_VARIABLE: &str = "__CARGO_TEST_ROOT";

/// cargo of the project's toolchain, for the package or workspace with `manifest`, in `workspace`.
pub(crate) fn cargo(workspace: &Workspace, manifest: &Path, subcommand: &str) -> Result<Command> {
    let toolchain = RustToolchain::find(&Environment::current(), workspace.root());
    cargo_of(&toolchain, workspace, manifest, subcommand)
}

/// cargo of `toolchain`.
pub(crate) fn cargo_of(
    toolchain: &RustToolchain,
    workspace: &Workspace,
    manifest: &Path,
    subcommand: &str,
) -> Result<Command> {
    let folders = (workspace.root(), &*workspace.target_dir());
    command(&Environment::current(), toolchain, folders, manifest, subcommand)
}

/// The toolchain that compiles for `architecture`: the one that the user has named, or else that of the project in
/// `workspace`, to which rustup adds the standard library if it is missing.
pub(crate) fn toolchain(
    workspace: &Workspace,
    named: &TargetTools,
    architecture: Architecture,
) -> Result<RustToolchain> {
    let environment = Environment::current();
    let toolchain = RustToolchain::find(&environment, workspace.root()).with_named(named);
    toolchain::check_named(named, &environment, architecture)?;
    standard_library::ensure(&toolchain, &environment, architecture)?;
    Ok(toolchain)
}

pub(crate) fn home(workspace: &Workspace) -> PathBuf {
    home::home_dir(&workspace.target_dir())
}

/// The user's own home of cargo, if it exists.
pub(crate) fn user_home() -> Option<PathBuf> {
    home::user_cargo_home(&Environment::current())
}

/// The folders of crates that the user has vendored, from the configuration in cargo's home.
pub(crate) fn vendored_crate_dirs(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(home(workspace).join("config.toml"))?;
    Ok(config::vendored_crate_dirs(&text.parse()?))
}

fn command(
    environment: &Environment,
    toolchain: &RustToolchain,
    (root, target): (&Path, &Path),
    manifest: &Path,
    subcommand: &str,
) -> Result<Command> {
    let home = home::prepare(environment, root, target)?;
    let groups = [VariableGroup::Network, VariableGroup::Terminal, VariableGroup::Rust];
    let mut command = toolchain::command(environment, &toolchain.cargo, &groups);
    if let Some(path) = toolchain.path(environment) {
        command.env("PATH", path);
    }
    command
        .current_dir(&home)
        .env(CONFIG_SEARCH_ROOT_VARIABLE, &home)
        .env("CARGO_HOME", &home)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTC", &toolchain.rustc)
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(manifest);
    Ok(command)
}

#[cfg(test)]
mod tests;
