//! Builds with environment variables and configuration files for other projects, without a writable home folder, and in
//! a checkout whose path has spaces and non-ASCII letters: they succeed and are identical to an undisturbed build.

mod user_environment;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use opencv_build::Sdk;
use package::build::Build;
use package::function::Function;
use package::workspace::Workspace;
use package::{build_function, user_cache};
use serde_json::Value;
use support::files::{copy, file_name, file_size, sorted_entries};
use support::progress::print_status;
use support::run::{Shell, cmd, output, run_checked};

use self::user_environment::UserEnvironment;
use super::{interrupted_builds, tree_diff};

/// Builds the function in the project itself, whose OpenCV must stay cached.
pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let target = sdk.manifest().target;
    let before = fs::read(function.path())?;
    let unchanged = |what: &str| -> Result<()> {
        let same = fs::read(function.path())? == before;
        ensure!(same, "{what}: the function's binary has changed");
        Ok(())
    };
    let user = UserEnvironment::new(workspace)?;
    let root = workspace.root();

    print_status("linking the function with all foreign settings at once");
    let cached = run_json(&mut user.command_with_foreign_settings(root, "build-opencv")?)?;
    ensure!(cached["cached"] == true, "OpenCV was built again: {cached}");
    build_function::force_relink(&function.package, &target)?;
    let linked = run_json(&mut user.command_with_foreign_settings(root, "zip")?)?;
    unchanged("foreign settings")?;
    user.check()?;
    let zip = linked["path"].as_str();
    let zip = Path::new(zip.context("the output has no path of an archive")?);
    let mode = fs::metadata(zip)?.permissions().mode() & 0o777;
    ensure!(mode == 0o644, "`{}` has the mode {mode:o}", zip.display());

    let linked = build_function::cargo_output(&function.package, &target);
    let linked_at = fs::metadata(&linked)?.modified()?;
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
    let now = fs::metadata(&linked)?.modified()?;
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
pub fn unusual_folder(build: &Build, sdk: &Sdk, function: &Function) -> Result<()> {
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
        fs::read(built)? == fs::read(function.path())?,
        "the function's binary in `{}` differs: it has {} bytes instead of {}",
        target.display(),
        file_size(Path::new(built))?,
        file_size(function.path())?
    );
    user.check()
}

fn tracked_files(workspace: &Workspace) -> Result<Vec<String>> {
    let (sh, root) = (Shell::new()?, workspace.root());
    let names = output(cmd!(sh, "git -C {root} ls-files -z")).context("failed to list the project's files")?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// Runs an xtask command and parses its output.
fn run_json(xtask: &mut Command) -> Result<Value> {
    let text = output(xtask)?;
    serde_json::from_str(&text).with_context(|| format!("the output is not JSON: {text}"))
}
