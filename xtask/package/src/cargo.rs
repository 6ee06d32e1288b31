//! Starts cargo for builds with only those parts of the user's environment and configuration that say where crates
//! are downloaded from, and nothing that changes how they are compiled.
//!
//! cargo reads configuration files in the current folder and all above it, and in its home. So it is started in a home
//! that we write: see [`home`].

mod config;
mod home;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;
use support::environment::{Environment, VariableGroup};

use crate::workspace::Workspace;

/// cargo's own tests set this variable to end the search for configuration files at a folder instead of the root. It
/// is not documented, so a test compiles a package in a folder with a hostile configuration.
const CONFIG_SEARCH_ROOT_VARIABLE: &str = "__CARGO_TEST_ROOT";

/// cargo for the package or workspace with `manifest`, in `workspace`.
pub(crate) fn cargo(workspace: &Workspace, manifest: &Path, subcommand: &str) -> Result<Command> {
    let environment = Environment::current();
    command(
        &environment,
        (workspace.root(), &workspace.target_dir()),
        manifest,
        subcommand,
    )
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
    (root, target): (&Path, &Path),
    manifest: &Path,
    subcommand: &str,
) -> Result<Command> {
    let home = home::prepare(environment, root, target)?;
    let tools = RustToolchain::find(environment, root);
    let mut command = Command::new(&tools.cargo);
    environment.restrict(
        &mut command,
        &[VariableGroup::Network, VariableGroup::Terminal, VariableGroup::Rust],
    );
    if let Some(path) = tools.path(environment) {
        command.env("PATH", path);
    }
    command
        .current_dir(&home)
        .env(CONFIG_SEARCH_ROOT_VARIABLE, &home)
        .env("CARGO_HOME", &home)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTC", &tools.rustc)
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(manifest);
    Ok(command)
}

struct RustToolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

impl RustToolchain {
    /// The user's toolchain for the project in `root`. These are the programs themselves, because rustup's proxies
    /// choose a toolchain by the current folder and by HOME.
    fn find(environment: &Environment, root: &Path) -> Self {
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
        }
    }

    /// PATH with the toolchain first: cargo finds subcommands such as clippy on it.
    fn path(&self, environment: &Environment) -> Option<OsString> {
        let own = self.rustc.parent().filter(|folder| folder.is_absolute())?;
        let folders = [own.to_owned()].into_iter().chain(environment.search_path());
        env::join_paths(folders).ok()
    }
}

fn sysroot(environment: &Environment, root: &Path, rustc: &Path) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    environment.restrict(&mut command, &[VariableGroup::Rust]);
    command.args(["--print", "sysroot"]).current_dir(root);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

#[cfg(test)]
mod tests;
