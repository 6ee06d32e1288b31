//! Sets the digests of this crate's own code, by which it detects stale SDKs, as environment variables, and generates
//! the list of the files in `overlay/`.

mod digests;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use code_digest::{ModuleGraph, locked_versions};

/// Crates whose version affects the arguments of cmake and compilers.
const CMAKE_CRATES: [&str; 2] = ["cc", "cmake"];

fn main() -> Result<()> {
    let folder = env::var_os("CARGO_MANIFEST_DIR").context("CARGO_MANIFEST_DIR is not set")?;
    let folder = PathBuf::from(folder);
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR is not set")?);
    for input in ["build.rs", "digests.rs", "data", "overlay", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let code = ModuleGraph::for_build_script(&[
        ("opencv_build", "src"),
        ("platform", "../layer/platform/src"),
        ("support", "../xtask/support/src"),
    ])?;
    for (variable, root, excluded) in digests::DIGESTS {
        let value = code.digest(root, &excluded.concat())?;
        println!("cargo::rustc-env={variable}={value}");
    }
    let versions = locked_versions(&folder, &CMAKE_CRATES)?;
    println!(
        "cargo::rustc-env=CRATE_VERSIONS={}",
        versions.trim().replace('\n', ", ")
    );

    let list = out.join("overlay.rs");
    fs::write(&list, overlay(&folder.join("overlay"))?).with_context(|| format!("failed to write `{}`", list.display()))
}

/// A Rust expression for a slice of the paths and texts of the files in `folder`.
fn overlay(folder: &Path) -> Result<String> {
    let mut files = files(folder)?;
    files.sort();
    let mut list = "&[\n".to_owned();
    for file in files {
        let path = file.strip_prefix(folder)?;
        writeln!(list, "({path:?}, include_str!({file:?})),")?;
    }
    Ok(list + "]\n")
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let failed = || format!("failed to read the folder `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
