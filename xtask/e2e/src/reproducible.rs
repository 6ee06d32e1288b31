//! Checks that artefacts are identical when packaged again in another folder, from files with other times, with another
//! umask and as another user. Reports each difference.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use fs_err::{self as fs, File};
use layer::{Layout, diff};
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use package::artefacts::base::Base;
use package::artefacts::{write_function_zip, write_images};
use package::workspace::Workspace;

use super::programs;
use support::run::{Shell, cmd, output, wait_with_output};

/// The user and group `nobody`.
const NOBODY: u32 = 65534;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let here = write_images(workspace, sdk, function, &Base::Minimal)?;
    let (zip, _) = write_function_zip(sdk, function)?;

    let elsewhere = tempfile::tempdir().context("failed to create a temporary folder")?;
    make_world_writable(elsewhere.path())?;
    let at = |name: &str| elsewhere.path().join(name);
    copy_with_other_times(sdk.path(), &at("sdk"))?;
    copy_with_other_times(function.path(), &at("program"))?;
    fs::copy(programs::pack_to()?, at("pack-to"))?;
    let to = at("packed");
    fs::create_dir(&to)?;
    make_world_writable(&to)?;

    let sh = Shell::new()?;
    sh.change_dir("/");
    let script = "umask 077 && exec \"$0\" \"$@\"";
    let package = programs::write_package(function, elsewhere.path())?;
    let arguments = [at("pack-to"), at("sdk"), package.clone(), at("program"), to.clone()];
    let pack = cmd!(sh, "sh -c {script} {arguments...}");
    let mut pack = Command::from(pack.env("CARGO_MANIFEST_DIR", workspace.root().join("xtask")));
    match can_use_another_user(workspace) {
        Ok(()) => {
            pack.uid(NOBODY).gid(NOBODY);
        }
        Err(why) => print_status(&format!("packaging as the same user: {why}")),
    }
    output(&mut pack)?;

    for written in here.all() {
        let ours = &written.layout;
        let name = ours.image().name();
        let theirs = Layout::open(&to.join(name), function.architecture())?;
        let lines = diff((ours.source(), ours.image()), (theirs.source(), theirs.image()))?;
        ensure!(
            lines.is_empty(),
            "{name} differs when packaged elsewhere:\n  {}",
            lines.join("\n  ")
        );
        ensure_same_file(&written.archive, &to.join(format!("{name}.tar")))?;
        ensure_readable(theirs.path())?;
    }
    ensure_same_file(&zip, &to.join(format!("{}.zip", function.package.name)))?;
    reject_malformed_date(&at("pack-to"), &[at("sdk"), package, at("program"), to])
}

/// Fails unless this user is root, who can run programs as `nobody`, and `nobody` can read the project.
fn can_use_another_user(workspace: &Workspace) -> Result<()> {
    let (sh, root) = (Shell::new()?, workspace.root());
    sh.change_dir("/");
    let mut test = Command::from(cmd!(sh, "test -r {root}/Cargo.toml"));
    let readable =
        wait_with_output(test.uid(NOBODY).gid(NOBODY)).context("only root can run programs as another user")?;
    ensure!(
        readable.status.success(),
        "the user `nobody` cannot read the project's folder"
    );
    Ok(())
}

fn make_world_writable(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o777))
        .with_context(|| format!("failed to change the mode of `{}`", folder.display()))
}

/// Copies a file or folder, with modification times two days ago.
fn copy_with_other_times(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_with_other_times(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    let before = SystemTime::now() - Duration::from_secs(2 * 86_400);
    File::options().write(true).open(to)?.set_modified(before)?;
    Ok(())
}

fn ensure_same_file(ours: &Path, theirs: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path);
    let (one, other) = (read(ours)?, read(theirs)?);
    if let Some(at) = one.iter().zip(&other).position(|(a, b)| a != b) {
        bail!(
            "`{}` differs when packaged elsewhere, from byte {at} on",
            ours.display()
        );
    }
    ensure!(
        one.len() == other.len(),
        "`{}` has {} bytes, but {} when packaged elsewhere",
        ours.display(),
        one.len(),
        other.len()
    );
    Ok(())
}

/// Layouts are readable for everyone, regardless of the umask.
fn ensure_readable(path: &Path) -> Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    let needed = if path.is_dir() { 0o755 } else { 0o644 };
    ensure!(
        mode & 0o777 == needed,
        "`{}` has the mode {:o}",
        path.display(),
        mode & 0o777
    );
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            ensure_readable(&entry?.path())?;
        }
    }
    Ok(())
}

/// A malformed date is an error.
fn reject_malformed_date(program: &Path, arguments: &[std::path::PathBuf]) -> Result<()> {
    let sh = Shell::new()?;
    let pack = cmd!(sh, "{program} {arguments...}");
    let rejected = wait_with_output(pack.env("SOURCE_DATE_EPOCH", "yesterday"))?;
    let output_text = String::from_utf8_lossy(&rejected.stderr);
    ensure!(
        !rejected.status.success() && output_text.contains("SOURCE_DATE_EPOCH is `yesterday`"),
        "a malformed SOURCE_DATE_EPOCH was not rejected: {output_text}"
    );
    Ok(())
}
