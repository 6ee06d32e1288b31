//! The programs that tests start, beside this one: the command line, what is behind its verbs, and what packs as
//! somebody else.

use std::path::PathBuf;

use anyhow::Result;
use package::program::{PROGRAMS, beside};
use package::workspace::Workspace;
use support::run::succeed;

/// Builds the programs, unless that was done.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = support::cargo::cargo();
    cargo.current_dir(workspace.root()).arg("build");
    for program in PROGRAMS {
        cargo.args(["--bin", program.binary]);
    }
    cargo.args(["--bin", "xtask", "--bin", "pack-to"]);
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
