//! The programs that tests start, beside this one: the command line, what is behind its verbs, and what packs as
//! somebody else.

use std::path::PathBuf;

use anyhow::Result;
use package::program::{PROGRAMS, sibling_binary};
use package::workspace::Workspace;
use support::run::run_checked;

/// Builds the programs, unless that was done.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = support::cargo::cargo();
    cargo.current_dir(workspace.root()).arg("build");
    for program in PROGRAMS {
        cargo.args(["--bin", program.binary]);
    }
    cargo.args(["--bin", "xtask", "--bin", "pack-to"]);
    run_checked(&mut cargo)
}

/// `cargo xtask` itself.
pub fn xtask() -> Result<PathBuf> {
    sibling_binary("xtask")
}

/// What speaks to registries.
pub fn registry() -> Result<PathBuf> {
    sibling_binary("registry")
}

/// What packs an SDK and a function into a folder.
pub fn pack_to() -> Result<PathBuf> {
    sibling_binary("pack-to")
}
