//! Hands over a digest of the code that compares our OpenCV with others, by which its results are kept.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use code_digest::Code;

/// Where that code begins: both comparisons, and how the function is linked with other libraries.
const ROOTS: [&str; 3] = ["size::ablate", "size::baseline", "size::relink"];
/// What has no effect on a result.
const WITHOUT: [&str; 2] = ["support::lock", "support::progress"];

fn main() -> Result<()> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("cargo names no folder")?);
    let (own, support) = (folder.join("src"), folder.join("../support/src"));
    println!("cargo::rerun-if-changed=build.rs");
    for counts in [&own, &support] {
        println!("cargo::rerun-if-changed={}", counts.display());
    }
    let code = Code::read(&[("size", &own), ("support", &support)])?;
    let digests: Vec<_> = ROOTS
        .iter()
        .map(|root| code.digest(root, &WITHOUT))
        .collect::<Result<_>>()?;
    println!("cargo::rustc-env=CODE_OF_COMPARISONS={}", digests.join(" "));
    Ok(())
}
