//! Formatting of C and C++, and spelling of every file in the repository, by pinned programs from the package index.

use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::workspace::Workspace;
use support::run::{Shell, cmd, output, wait_with_output};

use super::pinned_wheels;

/// Files in C and C++, except stubs of OpenCV's headers.
const C_FILES: [&str; 5] = ["*.c", "*.h", "*.cpp", "*.hpp", ":!*/stubs/*"];

/// Checks the format of C and C++ with clang-format and `.clang-format`.
pub fn c_formatting(workspace: &Workspace) -> Result<()> {
    let folder = pinned_wheels::install(workspace, "clang-format")?;
    let program = folder.join("clang_format/data/bin/clang-format");
    let sh = Shell::new()?;
    sh.change_dir(workspace.root());
    let files = output(cmd!(sh, "git ls-files {C_FILES...}"))?;
    let files: Vec<_> = files.lines().collect();
    ensure!(files.len() > 40, "only {} files in C and C++", files.len());
    let check = wait_with_output(cmd!(sh, "{program} --dry-run --Werror {files...}"))?;
    let errors = String::from_utf8_lossy(&check.stderr);
    ensure!(
        check.status.success(),
        "not formatted; run `clang-format -i` on:\n{errors}"
    );
    Ok(())
}

/// Checks with typos that no word is misspelled, and no term is used that `typos.toml` replaces.
pub fn spelling(workspace: &Workspace) -> Result<()> {
    let program = pinned_wheels::install(workspace, "typos")?.join("bin/typos");
    let check = spell(&program, workspace, workspace.root())?;
    let found = String::from_utf8_lossy(&check.stdout);
    ensure!(check.status.success(), "misspelled words:\n{found}");

    // The check must be able to fail: a common misspelling, and a name that has been replaced.
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let misspelled = ["// Recie", "ve it.\nstruct Work", "shop;\n"].concat();
    fs::write(folder.path().join("a.rs"), misspelled)?;
    let check = spell(&program, workspace, folder.path())?;
    let found = String::from_utf8_lossy(&check.stdout);
    ensure!(
        !check.status.success() && found.contains("Receive") && found.contains("BuildContext"),
        "typos does not report misspelled words: {found}"
    );
    Ok(())
}

fn spell(program: &Path, workspace: &Workspace, folder: &Path) -> Result<Output> {
    let sh = Shell::new()?;
    sh.change_dir(folder);
    let config = workspace.root().join("typos.toml");
    wait_with_output(cmd!(sh, "{program} --config {config} --format brief"))
}
