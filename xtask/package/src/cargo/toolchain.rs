//! The Rust toolchain that compiles functions.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use opencv_build::Architecture;
use support::environment::{Environment, VariableGroup};
use support::run::output;

use crate::target_tools::TargetTools;

#[derive(Clone, Debug)]
pub(crate) struct RustToolchain {
    pub(super) cargo: PathBuf,
    pub(super) rustc: PathBuf,
    /// Whether the user has named the compiler for a target.
    pub(super) is_named: bool,
}

impl RustToolchain {
    /// The user's toolchain for the project in `root`. These are the programs themselves, because rustup's proxies
    /// choose a toolchain by the current folder and by HOME.
    pub(super) fn find(environment: &Environment, root: &Path) -> Self {
        // cargo sets this variable for its child processes.
        let running = environment.get("CARGO").map(PathBuf::from);
        let sibling = |name: &str| running.as_ref().map(|cargo| cargo.with_file_name(name));
        let folder = match sibling("rustc").filter(|rustc| rustc.is_file()) {
            Some(rustc) => sysroot(environment, root, &rustc),
            None => sysroot(environment, root, Path::new("rustc")),
        };
        let program = |name: &str| {
            let own = folder.as_ref().map(|folder| folder.join("bin").join(name));
            own.filter(|path| path.is_file())
        };
        Self {
            cargo: program("cargo").unwrap_or_else(|| running.unwrap_or_else(|| "cargo".into())),
            rustc: program("rustc").unwrap_or_else(|| "rustc".into()),
            is_named: false,
        }
    }

    /// This toolchain with the programs that the user has named.
    pub(super) fn with_named(self, named: &TargetTools) -> Self {
        let beside = named.rustc.as_ref().map(|rustc| rustc.with_file_name("cargo"));
        let cargo = named.cargo.clone().or(beside.filter(|cargo| cargo.is_file()));
        Self {
            is_named: named.rustc.is_some(),
            cargo: cargo.unwrap_or(self.cargo),
            rustc: named.rustc.clone().unwrap_or(self.rustc),
        }
    }

    /// The compiler if the user has named it.
    pub(crate) fn named_rustc(&self) -> Option<&Path> {
        self.is_named.then_some(&self.rustc)
    }

    /// The release of rustc, such as `1.95.0`, whose standard library is linked into programs.
    pub(crate) fn release(&self) -> Result<String> {
        let mut command = self.rustc_command(&Environment::current());
        let text = output(command.args(["--version", "--verbose"]))?;
        let release = text.lines().find_map(|line| line.strip_prefix("release: "));
        let release = release.with_context(|| format!("`{}` prints no release", self.rustc.display()))?;
        Ok(release.to_owned())
    }

    pub(super) fn rustc_command(&self, environment: &Environment) -> Command {
        command(environment, &self.rustc, &[VariableGroup::Rust])
    }

    /// PATH with the toolchain first: cargo finds subcommands such as clippy on it.
    pub(super) fn path(&self, environment: &Environment) -> Option<OsString> {
        let own = self.rustc.parent().filter(|folder| folder.is_absolute())?;
        let folders = [own.to_owned()].into_iter().chain(environment.search_path());
        env::join_paths(folders).ok()
    }
}

/// # Errors
/// A program that the user has named does not start, or is not what it should be.
pub(super) fn check_named(named: &TargetTools, environment: &Environment, architecture: Architecture) -> Result<()> {
    for (name, path) in [("rustc", &named.rustc), ("cargo", &named.cargo)] {
        let Some(path) = path else { continue };
        let context = || {
            format!(
                "`{}`, named by --{name}, by the variable {}_{}, or by `{name}` in `[tools.{architecture}]` of the recipe, \
                 is not a working {name}",
                path.display(),
                name.to_uppercase(),
                architecture.rust_triple().replace('-', "_"),
            )
        };
        let mut version = command(environment, path, &[VariableGroup::Rust]);
        let text = output(version.arg("--version")).with_context(context)?;
        ensure!(
            text.starts_with(&format!("{name} ")),
            "{}: it prints `{text}`",
            context()
        );
    }
    Ok(())
}

/// A program in an environment that is restricted to `groups`.
pub(super) fn command(environment: &Environment, program: &Path, groups: &[VariableGroup]) -> Command {
    let mut command = Command::new(program);
    environment.restrict(&mut command, groups);
    command
}

fn sysroot(environment: &Environment, root: &Path, rustc: &Path) -> Option<PathBuf> {
    let mut command = command(environment, rustc, &[VariableGroup::Rust]);
    command.args(["--print", "sysroot"]).current_dir(root);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_programs_must_be_what_their_option_says() {
        for (program, why) in [
            ("/nonexistent/rustc", "failed to start"),
            ("/bin/echo", "it prints `echo"),
        ] {
            let named = TargetTools {
                rustc: Some(program.into()),
                ..TargetTools::default()
            };
            let error = check_named(&named, &Environment::current(), Architecture::Aarch64).unwrap_err();
            let error = format!("{error:#}");
            for part in [
                program,
                "--rustc",
                "RUSTC_aarch64_unknown_linux_gnu",
                "not a working rustc",
                why,
            ] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    }
}
