//! The programs that tests start: `xtask`, those behind its subcommands, and `pack-to`.

use std::path::PathBuf;

use anyhow::Result;
use package::program::{PROGRAMS, sibling_binary};
use package::workspace::Workspace;
use support::run::run_checked;

pub fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = support::cargo::cargo();
    cargo.current_dir(workspace.root()).arg("build");
    for program in PROGRAMS {
        cargo.args(["--bin", program.binary]);
    }
    cargo.args(["--bin", "xtask", "--bin", "pack-to"]);
    run_checked(&mut cargo)
}

pub fn xtask() -> Result<PathBuf> {
    sibling_binary("xtask")
}

pub fn registry() -> Result<PathBuf> {
    sibling_binary("registry")
}

pub fn pack_to() -> Result<PathBuf> {
    sibling_binary("pack-to")
}
