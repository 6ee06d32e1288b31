//! The programs that tests start: `xtask`, those behind its subcommands, and `pack-to`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use package::function::Function;
use package::program::{PROGRAMS, sibling_binary};
use package::workspace::Workspace;
use support::atomic;
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

/// Writes the function's package and the sources of its libraries into `folder`, for [`pack_to`]; returns the file's path.
pub fn write_package(function: &Function, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("package.json");
    atomic::write(&path, &serde_json::to_vec(&(&function.package, &function.libraries))?)?;
    Ok(path)
}

pub fn pack_to() -> Result<PathBuf> {
    sibling_binary("pack-to")
}
