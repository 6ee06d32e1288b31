//! Exports an SDK with its tools: a folder with which programs can be built without this project, pip or a network.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;

use crate::error::{Error, ErrorKind, WithKind};
use crate::paths::usable_path;
use crate::sdk::Sdk;
use crate::target::Architecture;
use crate::tools::Tools;
use support::environment::restricted;
use support::files::{PARTIAL_PREFIX, copy_tree, temporary_dir_in};
use support::run::{Shell, cmd, output};

/// For shells: `. FOLDER/env.sh`.
pub const ENVIRONMENT_FILE: &str = "env.sh";
/// For cargo: a `.cargo/config.toml`.
pub const CARGO_CONFIG_FILE: &str = "cargo-config.toml";
/// For a container engine: builds a Rust program with the exported SDK.
pub const DOCKERFILE: &str = "Dockerfile";

const DOCKERFILE_TEMPLATE: &str = include_str!("../data/programs/Dockerfile");

/// The Python modules in the toolchain that the programs of an SDK call.
const MODULES: [&str; 2] = ["ziglang", "clang"];

/// Copies `sdk` and its tools into the new or empty folder `to`, and adds [`ENVIRONMENT_FILE`], [`CARGO_CONFIG_FILE`] and
/// [`DOCKERFILE`]. These three contain the absolute path of the folder; everything else can be moved.
///
/// # Errors
/// `to` is not empty, has characters that compilers and cargo treat as separators, or cannot be written. Nothing is left
/// behind.
pub fn export(sdk: &Sdk, tools: &Tools, to: &Path) -> Result<Sdk, Error> {
    let failed = || format!("failed to export the SDK to `{}`", to.display());
    let to = export_dir(to).with_context(failed).with_kind(ErrorKind::Path)?;
    let exported = write_export(sdk, tools, &to);
    exported.with_context(failed).with_kind(ErrorKind::Step)
}

fn write_export(sdk: &Sdk, tools: &Tools, to: &Path) -> Result<Sdk> {
    let partial = temporary_dir_in(to.parent().unwrap_or(Path::new("/")), PARTIAL_PREFIX)?;
    let folder = partial.path().join("sdk");
    copy_tree(sdk.path(), &folder)?;
    for module in MODULES {
        copy_tree(&tools.python_path().join(module), &folder.join("tools").join(module))?;
    }
    // Files with the final path are written before the folder has it, so that a failure leaves nothing.
    let sh = Shell::new()?;
    let program = folder.join("bin/opencv-env");
    let config = output(restricted(cmd!(sh, "{program} --cargo"), &[]))?;
    let (written, path) = (folder.display().to_string(), to.display().to_string());
    let note = "# For cargo: copy this file to .cargo/config.toml. If the folder of OpenCV is moved, write it again \
                with\n# bin/opencv-env --cargo.\n";
    let config = format!("{note}{}\n", config.replace(&written, &path));
    fs::write(folder.join(CARGO_CONFIG_FILE), config)?;
    let environment = format!("# For shells: . '{path}/{ENVIRONMENT_FILE}'\neval \"$('{path}/bin/opencv-env')\"\n");
    fs::write(folder.join(ENVIRONMENT_FILE), environment)?;
    let target = sdk.manifest().target;
    // The tools are programs for this machine.
    let host = Architecture::host().unwrap_or(target.architecture);
    let dockerfile = DOCKERFILE_TEMPLATE
        .replace("@FOLDER@", &path)
        .replace("@TRIPLE@", target.rust_triple())
        .replace("@BUILD_PLATFORM@", host.goarch())
        .replace("@PLATFORM@", target.architecture.goarch());
    fs::write(folder.join(DOCKERFILE), dockerfile)?;
    if to.exists() {
        fs::remove_dir(to)?;
    }
    fs::rename(&folder, to)?;
    Ok(Sdk::from_parts(to, sdk.manifest().clone()))
}

/// `to` as an absolute path without links, if it can be the folder of an export.
fn export_dir(to: &Path) -> Result<PathBuf> {
    let path = real_path(&usable_path(to)?)?;
    ensure!(path.parent().is_some(), "it is the root folder; name a new folder");
    if path.is_dir() {
        let mut entries = fs::read_dir(&path)?;
        ensure!(
            entries.next().is_none(),
            "it is not empty; delete it or name a new folder"
        );
    } else {
        ensure!(!path.exists(), "it is a file; name a new folder");
    }
    usable_path(&path)
}

/// The path without links, as the SDK's programs print it. Its end need not exist.
fn real_path(path: &Path) -> Result<PathBuf> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    let existing = existing.context("no folder of its path exists")?;
    let new = path.strip_prefix(existing)?;
    let leaves = new.components().any(|part| part == Component::ParentDir);
    ensure!(
        !leaves,
        "`{}` does not exist, and has `..`; write the path without it",
        new.display()
    );
    // Joining an empty path would add a slash.
    let real = fs::canonicalize(existing)?;
    Ok(real.components().chain(new.components()).collect())
}

#[cfg(test)]
mod tests {
    use fs_err::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_new_and_empty_folders_are_accepted() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir(at("full")).unwrap();
        fs::write(at("full/file"), "").unwrap();
        let real = fs::canonicalize(scratch.path()).unwrap();
        for good in ["empty", "new", "new/below"] {
            assert_eq!(export_dir(&at(good)).unwrap(), real.join(good));
        }
        for (bad, why) in [
            (at("full"), "delete it"),
            (at("full/file"), "is a file"),
            (at("a,b"), "cannot work in"),
            ("/".into(), "root folder"),
            (at("new/../other"), "without it"),
        ] {
            let error = format!("{:#}", export_dir(&bad).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn links_are_resolved_because_programs_print_real_paths() {
        let scratch = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(scratch.path()).unwrap();
        for folder in ["disk/empty", "disk/a,b"] {
            fs::create_dir_all(real.join(folder)).unwrap();
        }
        for (to, link) in [("disk", "link"), ("disk/empty", "empty"), ("disk/a,b", "comma")] {
            symlink(to, real.join(link)).unwrap();
        }
        for (to, expected) in [
            ("link/new/below", "disk/new/below"),
            ("link/empty", "disk/empty"),
            ("empty", "disk/empty"),
            ("link/../new", "new"),
        ] {
            assert_eq!(export_dir(&real.join(to)).unwrap(), real.join(expected));
        }
        let error = format!("{:#}", export_dir(&real.join("comma/new")).unwrap_err());
        assert!(error.contains("cannot work in"), "{error}");
    }
}
