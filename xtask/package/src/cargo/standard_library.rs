//! The standard library of a toolchain for a target: found, or added by rustup.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use opencv_build::Architecture;
use support::environment::{Environment, VariableGroup};
use support::progress::ProgressStep;
use support::run::wait_with_output;

use super::toolchain::{self, RustToolchain};

/// rustc's codes of errors: <https://doc.rust-lang.org/error_codes/error-index.html>.
const CRATE_NOT_FOUND: &str = "E0463";
const OTHER_COMPILER: &str = "E0514";

/// Makes sure that the toolchain can compile for `architecture`.
///
/// # Errors
/// The standard library is missing and rustup cannot add it, or it is of another release than the compiler.
pub(super) fn ensure(toolchain: &RustToolchain, environment: &Environment, architecture: Architecture) -> Result<()> {
    let Some(reason) = compile_nothing(toolchain, environment, architecture)? else {
        return Ok(());
    };
    let (rustc, triple) = (toolchain.rustc.display(), architecture.rust_triple());
    if reason.contains(OTHER_COMPILER) {
        bail!(
            "`{rustc}` and its standard library for {triple} are of different releases; install the same version of \
             both. rustc says:\n{reason}"
        );
    }
    if !reason.contains(CRATE_NOT_FOUND) {
        bail!("`{rustc}` cannot compile for {triple}:\n{reason}");
    }
    let added = match toolchain.is_named {
        true => Err(anyhow!("it was named by the user, so nothing is added to it")),
        false => add_by_rustup(toolchain, environment, architecture),
    };
    if added.is_ok() && compile_nothing(toolchain, environment, architecture)?.is_none() {
        return Ok(());
    }
    let why = added
        .err()
        .map_or("it is still missing".to_owned(), |error| format!("{error:#}"));
    let suffix = triple.replace('-', "_");
    let debian = architecture.goarch();
    let toolchain = rustup_name(toolchain).map(|name| format!(" --toolchain {name}"));
    let toolchain = toolchain.unwrap_or_else(|| ", for a toolchain of rustup".to_owned());
    bail!(
        "`{rustc}` has no standard library for {triple} ({why}). There are two ways:\n  \
         rustup target add {triple}{toolchain}\n  \
         a toolchain that has it, named by --rustc and --cargo, by the variables RUSTC_{suffix} and CARGO_{suffix}, or \
         in the recipe by `rustc` and `cargo` in `[tools.{architecture}]`; Debian's packages are rustc-web, cargo-web \
         and libstd-rust-web-dev:{debian}"
    )
}

/// Compiles an empty library; returns what rustc prints if that fails.
fn compile_nothing(
    toolchain: &RustToolchain,
    environment: &Environment,
    architecture: Architecture,
) -> Result<Option<String>> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut rustc = toolchain.rustc_command(environment);
    rustc.args(["--crate-type", "lib", "--emit", "metadata", "--crate-name", "empty"]);
    rustc.args(["--target", architecture.rust_triple(), "--out-dir"]);
    rustc.arg(folder.path()).arg("-").stdin(Stdio::null());
    let output = wait_with_output(&mut rustc)?;
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok((!output.status.success()).then_some(text))
}

/// rustup's name for the toolchain; none if it is not rustup's.
fn rustup_name(rust: &RustToolchain) -> Option<&str> {
    let folder = rust.rustc.parent().and_then(Path::parent);
    let folder = folder.filter(|folder| folder.parent().is_some_and(|parent| parent.ends_with("toolchains")));
    folder?.file_name()?.to_str()
}

/// # Errors
/// The toolchain is not rustup's, or rustup cannot download the library.
fn add_by_rustup(rust: &RustToolchain, environment: &Environment, architecture: Architecture) -> Result<()> {
    let name = rustup_name(rust).context("the toolchain is not rustup's")?;
    let triple = architecture.rust_triple();
    let _step = ProgressStep::start(format!("adding the standard library for {triple} by rustup"));
    let groups = [VariableGroup::Network, VariableGroup::Rust];
    let mut rustup = toolchain::command(environment, Path::new("rustup"), &groups);
    rustup.args(["target", "add", triple, "--toolchain", name]);
    let output = wait_with_output(rustup.stdin(Stdio::null())).context("rustup does not start")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("rustup cannot add it: {}", text.lines().last().unwrap_or("no reason"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use fs_err as fs;

    use super::*;

    /// A rustc that prints `text` and fails unless the file `library` is beside it, in the folders of rustup's.
    fn toolchain(folder: &Path, text: &str, is_named: bool) -> RustToolchain {
        let bin = folder.join("toolchains/stable-x/bin");
        fs::create_dir_all(&bin).unwrap();
        write_script(
            &bin.join("rustc"),
            &format!(
                "test -f '{}/library' || {{ echo '{text}' >&2; exit 1; }}",
                folder.display()
            ),
        );
        RustToolchain {
            cargo: bin.join("cargo"),
            rustc: bin.join("rustc"),
            is_named,
        }
    }

    fn write_script(path: &Path, text: &str) {
        fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn ensured(folder: &Path, text: &str, is_named: bool, rustup: &str) -> Result<()> {
        let toolchain = toolchain(folder, text, is_named);
        write_script(&folder.join("rustup"), rustup);
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let environment = [("PATH", path)].into_iter().collect();
        ensure(&toolchain, &environment, Architecture::Aarch64)
    }

    #[test]
    fn rustup_adds_a_missing_library() {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("echo \"$@\" > '{}/library'", folder.path().display());
        ensured(folder.path(), "error[E0463]: no std", false, &script).unwrap();
        let arguments = fs::read_to_string(folder.path().join("library")).unwrap();
        assert_eq!(
            arguments.trim(),
            "target add aarch64-unknown-linux-gnu --toolchain stable-x"
        );
    }

    #[test]
    fn errors_name_both_ways_or_the_different_releases() {
        let folder = tempfile::tempdir().unwrap();
        let message = |text: &str, is_named| {
            let error = ensured(folder.path(), text, is_named, "echo no network >&2; exit 1").unwrap_err();
            format!("{error:#}")
        };
        let missing = message("error[E0463]: no std", false);
        for part in [
            "(rustup cannot add it: no network)",
            "rustup target add aarch64-unknown-linux-gnu",
            "--rustc",
            "RUSTC_aarch64_unknown_linux_gnu",
            "[tools.aarch64]",
            "libstd-rust-web-dev:arm64",
        ] {
            assert!(missing.contains(part), "{part}: {missing}");
        }
        assert!(message("error[E0463]", true).contains("named by the user"));
        assert!(message("error[E0514]", false).contains("different releases"));
        assert!(message("killed", false).contains("cannot compile"));
    }
}
