//! Downloads the sources and tools for a build of OpenCV while cargo compiles the program that will build it.

use std::env;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use opencv_build::BuildPaths;
use package::build::{Arguments, Build};
use package::program::{Program, TEST_LOCAL};
use package::workspace::Workspace;
use support::process::{lower_priority, terminate_with_parent};
use support::run::{Shell, cmd};

pub const COMMAND: &str = "fetch";

/// Starts the download in a background process, which ends with this one, if `program` will build the project's own
/// recipe and no SDK was built here before. Errors are ignored: the build tries again and reports them.
pub fn start_in_background(program: &Program, arguments: &[OsString]) -> Result<()> {
    if !builds_own_recipe(program, arguments) || has_sdk()? {
        return Ok(());
    }
    let program = env::current_exe().context("failed to find this program")?;
    let sh = Shell::new()?;
    // Not a `Child`, which would be killed when cargo replaces this program by `exec`.
    let mut fetch = Command::from(cmd!(sh, "{program} {COMMAND}"));
    fetch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    terminate_with_parent(&mut fetch);
    lower_priority(&mut fetch);
    // If this fails, the build downloads.
    let _ = fetch.spawn();
    Ok(())
}

fn has_sdk() -> Result<bool> {
    Ok(BuildPaths::new(&Workspace::find().target_dir())?.sdk_root().is_dir())
}

fn builds_own_recipe(program: &Program, arguments: &[OsString]) -> bool {
    let changes_recipe = |argument: &OsString| {
        let text = argument.to_string_lossy();
        ["-h", "--help", "--arch", "--manifest-path", "--package", "--recipe"]
            .iter()
            .any(|option| text.split('=').next() == Some(*option))
    };
    program.command == TEST_LOCAL.command && !arguments.iter().any(changes_recipe)
}

pub fn run() -> Result<()> {
    let build = Build::read(&Arguments::default())?;
    Ok(opencv_build::fetch(&build.recipe, &build.paths)?)
}

#[cfg(test)]
mod tests {
    use package::program::SIZE;

    use super::*;

    #[test]
    fn only_builds_of_the_default_recipe_are_prefetched() {
        let builds_own_recipe = |program: &Program, line: &str| {
            let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            builds_own_recipe(program, &arguments)
        };
        assert!(builds_own_recipe(&TEST_LOCAL, ""));
        assert!(builds_own_recipe(&TEST_LOCAL, "--json photo.jpg --engine=none"));
        for line in [
            "--help",
            "x -h",
            "--recipe=other.toml",
            "--arch arm64",
            "--package x",
            "--manifest-path x",
        ] {
            assert!(!builds_own_recipe(&TEST_LOCAL, line), "{line}");
        }
        assert!(!builds_own_recipe(&SIZE, ""));
    }
}
