//! A user whose environment variables and configuration files are for other projects: they would break the build,
//! weaken what it makes, or write to other folders.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use opencv_build::internals::find_python;
use package::user_cache;
use package::workspace::Workspace;
use support::files::temporary_dir_in;
use support::run::{Shell, cmd, output};

use crate::programs;

/// Flags that would undo the function's hardening, or restrict it to processors like this one.
const WEAKENING_FLAGS: &str = "-O0 -march=native -fno-stack-protector -U_FORTIFY_SOURCE";

/// A cargo configuration that would break or change the build. `/nowhere` is replaced by a folder that must not be
/// created.
const CARGO_CONFIG: &str = r#"
[build]
rustflags = ["-Crelro-level=off", "-Ctarget-cpu=native"]
rustc-wrapper = "WRAPPER"
target = "wasm32-unknown-unknown"
target-dir = "/nowhere/target"
build-dir = "/nowhere/build"
[env]
CFLAGS = { value = "-O0", force = true }
CC = { value = "/nowhere/cc", force = true }
[profile.lambda]
opt-level = 0
[target.'cfg(all())']
linker = "/nowhere/linker"
[target.x86_64-unknown-linux-gnu.opencv]
rustc-link-lib = ["hostile"]
[unstable]
build-std = ["core"]
"#;

const PIP_CONFIG: &str = "[global]\nuser = true\nrequire-virtualenv = true\nprefix = /nowhere\nroot = /nowhere\n";

/// A user with foreign settings, in a temporary folder.
pub struct UserEnvironment {
    folder: tempfile::TempDir,
    /// cargo's folder of downloaded crates.
    registry: PathBuf,
    /// The folder of the toolchain, which would be installed again for another HOME.
    cache: PathBuf,
}

impl UserEnvironment {
    pub fn new(workspace: &Workspace) -> Result<Self> {
        let folder = temporary_dir_in(&workspace.target_dir(), "hostile-")?;
        // An earlier build has made it a link to the registry of this machine.
        let registry = fs::canonicalize(workspace.target_dir().join("cargo-home/registry"));
        let user = Self {
            folder,
            registry: registry.context("no build has downloaded crates")?,
            cache: workspace.build_paths()?.shared_dir().to_owned(),
        };
        let write = |name: &str, text: &str| {
            let path = user.at(name);
            fs::create_dir_all(path.parent().unwrap_or(user.folder.path()))?;
            fs::write(&path, text)
        };
        let called = user.at("called").display().to_string();
        for program in ["sccache", "ccache", "wrapper"] {
            let name = format!("bin/{program}");
            write(&name, &format!("#!/bin/sh\necho \"$0 $*\" >>'{called}'\nexec \"$@\"\n"))?;
            fs::set_permissions(user.at(&name), Permissions::from_mode(0o755))?;
        }
        let wrapper = user.at("bin/wrapper").display().to_string();
        let nowhere = user.at("nowhere").display().to_string();
        let placed = |text: &str| text.replace("/nowhere", &nowhere);
        write(
            "home/.cargo/config.toml",
            &placed(CARGO_CONFIG).replace("WRAPPER", &wrapper),
        )?;
        symlink(&user.registry, user.at("home/.cargo/registry"))?;
        write("home/.config/pip/pip.conf", &placed(PIP_CONFIG))?;
        write("home/.pip/pip.conf", &placed(PIP_CONFIG))?;
        let (sh, python, folder) = (Shell::new()?, find_python()?, user.at("venv"));
        output(cmd!(sh, "{python} -m venv --without-pip {folder}"))?;
        Ok(user)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `cargo xtask COMMAND` for the checkout in `root`.
    pub fn clean_command(&self, root: &Path, command: &str) -> Result<Command> {
        let (sh, xtask) = (Shell::new()?, programs::xtask()?);
        sh.change_dir(root);
        let xtask = cmd!(sh, "{xtask} --json {command}").env("CARGO_MANIFEST_DIR", root.join("xtask"));
        Ok(xtask.env(user_cache::CACHE_DIR_VARIABLE, &self.cache).into())
    }

    /// `cargo xtask COMMAND` for the checkout in `root`, with all foreign settings.
    pub fn command_with_foreign_settings(&self, root: &Path, command: &str) -> Result<Command> {
        let (sh, xtask) = (Shell::new()?, programs::xtask()?);
        sh.change_dir(root);
        let script = "umask 077 && exec \"$0\" \"$@\"";
        let mut shell = Command::from(cmd!(sh, "sh -c {script} {xtask} --json {command}"));
        shell.env("CARGO_MANIFEST_DIR", root.join("xtask"));
        shell.env(user_cache::CACHE_DIR_VARIABLE, &self.cache);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.at("venv/bin"), self.at("bin")]
            .into_iter()
            .chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(path)?);
        for name in ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "TARGET_CFLAGS", "HOST_CXXFLAGS"] {
            shell.env(name, WEAKENING_FLAGS);
        }
        let own = |name: &str| OsString::from(self.at(name));
        let fixed = |value: &str| OsString::from(value);
        shell.envs([
            ("HOME", own("home")),
            ("CARGO_HOME", own("home/.cargo")),
            ("LDFLAGS", fixed("-Wl,-z,execstack")),
            ("CC", own("nowhere/cc")),
            ("CPLUS_INCLUDE_PATH", own("home")),
            ("RUSTFLAGS", fixed("-Crelro-level=off")),
            ("CARGO_BUILD_RUSTFLAGS", fixed("-Crelro-level=off")),
            ("CARGO_BUILD_BUILD_DIR", own("build")),
            ("CARGO_BUILD_TARGET", fixed("wasm32-unknown-unknown")),
            ("CARGO_PROFILE_LAMBDA_LTO", fixed("off")),
            ("CARGO_PROFILE_LAMBDA_OPT_LEVEL", fixed("0")),
            ("RUSTC_WRAPPER", own("bin/sccache")),
            ("RUSTC_WORKSPACE_WRAPPER", own("bin/wrapper")),
            ("CMAKE_CXX_COMPILER_LAUNCHER", own("bin/ccache")),
            ("CMAKE_PREFIX_PATH", own("home")),
            ("CMAKE_GENERATOR", fixed("Unix Makefiles")),
            ("BINDGEN_EXTRA_CLANG_ARGS", fixed("-DNDEBUG=hostile")),
            ("ZIG_GLOBAL_CACHE_DIR", own("nowhere/cache")),
            ("ZIG_LIB_DIR", own("nowhere/lib")),
            ("NASMENV", fixed("-Onone")),
            ("MAKEFLAGS", fixed("-j1")),
            ("GIT_DIR", own("nowhere/.git")),
            ("LC_ALL", fixed("tr_TR.UTF-8")),
            ("VIRTUAL_ENV", own("venv")),
            ("PYTHONHOME", own("nowhere")),
            ("PIP_CONFIG_FILE", own("home/.pip/pip.conf")),
            ("PIP_USER", fixed("1")),
            ("PIP_PREFIX", own("nowhere")),
            ("PIP_DRY_RUN", fixed("1")),
            ("PIP_ROOT", own("nowhere")),
            ("PIP_REQUIRE_VIRTUALENV", fixed("1")),
        ]);
        Ok(shell)
    }

    /// Checks that no wrapper was called, and no folder of the foreign settings was created.
    pub fn check(&self) -> Result<()> {
        let called = fs::read_to_string(self.at("called")).unwrap_or_default();
        ensure!(called.is_empty(), "a build called {called}");
        for path in [self.at("build"), self.at("nowhere")] {
            ensure!(!path.exists(), "a build wrote `{}`", path.display());
        }
        Ok(())
    }
}
