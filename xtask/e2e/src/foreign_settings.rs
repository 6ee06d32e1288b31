//! Builds with environment variables and configuration files for other projects, without a writable home folder, and in
//! a checkout whose path has spaces and non-ASCII letters: they succeed and are identical to an undisturbed build.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use opencv_build::internals::find_python;
use package::build::Build;
use package::workspace::Workspace;
use package::{build_function, user_cache};
use serde_json::Value;
use support::files::{copy, file_name, file_size, sorted_entries, temporary_dir_in};
use support::progress::print_status;
use support::run::{Shell, cmd, output, run_checked};

use super::{interrupted_builds, programs, tree_diff};

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

/// Builds the function in the project itself, whose OpenCV must stay cached.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let before = fs::read(binary.path())?;
    let unchanged = |what: &str| -> Result<()> {
        let same = fs::read(binary.path())? == before;
        ensure!(same, "{what}: the function's binary has changed");
        Ok(())
    };
    let user = UserEnvironment::new(workspace)?;
    let root = workspace.root();

    print_status("linking the function with all foreign settings at once");
    let cached = run_json(&mut user.command_with_foreign_settings(root, "build-opencv")?)?;
    ensure!(cached["cached"] == true, "OpenCV was built again: {cached}");
    build_function::force_relink(workspace, &sdk.manifest().target)?;
    let linked = run_json(&mut user.command_with_foreign_settings(root, "zip")?)?;
    unchanged("foreign settings")?;
    user.check()?;
    let zip = linked["path"].as_str();
    let zip = Path::new(zip.context("the output has no path of an archive")?);
    let mode = fs::metadata(zip)?.permissions().mode() & 0o777;
    ensure!(mode == 0o644, "`{}` has the mode {mode:o}", zip.display());

    let linked_at = fs::metadata(binary.path())?.modified()?;
    for (home, what) in [
        (Some("/"), "HOME is the root folder"),
        (None, "HOME is not set"),
        // Not even root can create files there.
        (Some("/proc"), "HOME is not writable"),
    ] {
        print_status(what);
        let mut build = user.clean_command(root, "build-function")?;
        for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            build.env_remove(name);
        }
        build.envs(home.map(|home| ("HOME", home)));
        run_json(&mut build)?;
        unchanged(what)?;
    }
    let now = fs::metadata(binary.path())?.modified()?;
    ensure!(
        now == linked_at,
        "the function was linked again because of another HOME"
    );
    user.check()
}

/// Builds a small OpenCV without and with foreign settings.
pub fn small_opencv(workspace: &Workspace) -> Result<()> {
    let user = UserEnvironment::new(workspace)?;
    let root = workspace.root();
    let small = |name: &str, foreign: bool| -> Result<PathBuf> {
        let folder = user.at(name);
        fs::create_dir(&folder)?;
        let fixture = interrupted_builds::BuildFixture::new(workspace, &folder)?;
        fixture.write_recipe(&["core"])?;
        let mut build = match foreign {
            true => user.command_with_foreign_settings(root, "build-opencv")?,
            false => user.clean_command(root, "build-opencv")?,
        };
        build.env("CARGO_TARGET_DIR", &folder);
        build.arg("--recipe").arg(folder.join("opencv.toml"));
        run_json(&mut build)?;
        Ok(fixture.sdk())
    };
    let plain = small("plain", false)?;
    let strange = small("with spaces and söme Ünïcode", true)?;
    let files = tree_diff::ensure_same(&plain, &strange)?;
    ensure!(files > 10, "an SDK has only {files} files");
    user.check()
}

/// Builds everything from scratch, with all foreign settings, in a copy of the project whose path has spaces and
/// non-ASCII letters. It takes as long as a first build.
pub fn unusual_folder(build: &Build, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let workspace = &build.workspace;
    let user = UserEnvironment::new(workspace)?;
    let root = user.at("mein Prøjekt/ОпенСВ");
    for name in tracked_files(workspace)? {
        copy(&workspace.root().join(&name), &root.join(&name))?;
    }
    let target = user.at("mein Prøjekt/Ausgabe hier");
    fs::create_dir(&target)?;
    // Copies of the toolchain and the face model, because zig resolves symbolic links to its original path; without
    // zig's cache.
    let cache = user.at("mein Prøjekt/Werkzeug hier");
    let toolchain = build.tools()?.python_path();
    let copies = cache.join("toolchain");
    fs::create_dir_all(&copies)?;
    for installed in sorted_entries(toolchain.parent().context("the toolchain has no folder")?)? {
        if installed == toolchain || file_name(&installed).starts_with("face-model-") {
            let sh = Shell::new()?;
            run_checked(cmd!(sh, "cp --archive --reflink=auto {installed} {copies}"))?;
        }
    }
    symlink(build.paths.downloads_dir(), cache.join("downloads"))?;
    let mut xtask = user.command_with_foreign_settings(&root, "build-function")?;
    xtask.env(user_cache::CACHE_DIR_VARIABLE, &cache);
    let log = user.at("log");
    xtask.env("CARGO_TARGET_DIR", &target);
    xtask.stderr(fs::File::create(&log)?.into_file());
    let command_output = run_json(&mut xtask);
    let output_text = fs::read_to_string(&log)?;
    let command_output = command_output.with_context(|| output_text.clone())?;
    let compiled = |name: &str| output_text.contains(&format!("Compiling {name} v"));
    ensure!(
        compiled("opencv"),
        "cargo did not print what it compiled: {output_text}"
    );
    for name in ["aws-sigv4", "ring", "tokio"] {
        ensure!(
            !compiled(name),
            "{name} was compiled again, or not during the build of OpenCV: {output_text}"
        );
    }
    let built = command_output["binary"]
        .as_str()
        .context("the output has no path of a binary")?;
    ensure!(
        Path::new(built).starts_with(&target),
        "the function was built in `{built}`"
    );
    let key = sdk.path().file_name().context("an SDK has no name")?;
    tree_diff::ensure_same(sdk.path(), &target.join("sdk").join(key))?;
    ensure!(
        fs::read(built)? == fs::read(binary.path())?,
        "the function's binary in `{}` differs: it has {} bytes instead of {}",
        target.display(),
        file_size(Path::new(built))?,
        file_size(binary.path())?
    );
    user.check()
}

fn tracked_files(workspace: &Workspace) -> Result<Vec<String>> {
    let (sh, root) = (Shell::new()?, workspace.root());
    let names = output(cmd!(sh, "git -C {root} ls-files -z")).context("failed to list the project's files")?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// A user with foreign settings.
struct UserEnvironment {
    folder: tempfile::TempDir,
    /// cargo's folder of downloaded crates.
    registry: PathBuf,
    /// The folder of the toolchain, which would be installed again for another HOME.
    cache: PathBuf,
}

impl UserEnvironment {
    fn new(workspace: &Workspace) -> Result<Self> {
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

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `cargo xtask COMMAND` for the checkout in `root`.
    fn clean_command(&self, root: &Path, command: &str) -> Result<Command> {
        let (sh, xtask) = (Shell::new()?, programs::xtask()?);
        sh.change_dir(root);
        let xtask = cmd!(sh, "{xtask} --json {command}").env("CARGO_MANIFEST_DIR", root.join("xtask"));
        Ok(xtask.env(user_cache::CACHE_DIR_VARIABLE, &self.cache).into())
    }

    /// `cargo xtask COMMAND` for the checkout in `root`, with all foreign settings.
    fn command_with_foreign_settings(&self, root: &Path, command: &str) -> Result<Command> {
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
    fn check(&self) -> Result<()> {
        let called = fs::read_to_string(self.at("called")).unwrap_or_default();
        ensure!(called.is_empty(), "a build called {called}");
        for path in [self.at("build"), self.at("nowhere")] {
            ensure!(!path.exists(), "a build wrote `{}`", path.display());
        }
        Ok(())
    }
}

/// Runs an xtask command and parses its output.
fn run_json(xtask: &mut Command) -> Result<Value> {
    let text = output(xtask)?;
    serde_json::from_str(&text).with_context(|| format!("the output is not JSON: {text}"))
}
