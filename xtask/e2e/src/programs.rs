//! The programs that tests start, beside this one: the command line, what is behind its `pull`, and what packs
//! as somebody else.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use package::workspace::Workspace;
use support::process::succeed;

/// Builds the programs, unless that was done.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace.root())
        .args(["build", "--profile", "tools"]);
    for binary in ["xtask", "registry", "pack-to"] {
        cargo.args(["--bin", binary]);
    }
    succeed(&mut cargo)
}

/// `cargo xtask` itself.
pub fn xtask() -> Result<PathBuf> {
    beside("xtask")
}

/// What speaks to registries.
pub fn registry() -> Result<PathBuf> {
    beside("registry")
}

/// What packs an SDK and a function into a folder.
pub fn pack_to() -> Result<PathBuf> {
    beside("pack-to")
}

fn beside(name: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("this program is nowhere")?;
    Ok(this.with_file_name(name))
}
