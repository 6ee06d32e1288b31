//! Hands over a digest of the code that compares our OpenCV with others, by which its results are kept.

use anyhow::Result;
use code_digest::Code;

/// Where that code begins: both comparisons, and how the function is linked with other libraries.
const ROOTS: [&str; 3] = ["size::ablate", "size::baseline", "size::relink"];
/// What has no effect on a result.
const WITHOUT: [&str; 2] = ["support::lock", "support::progress"];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let code = Code::of_build_script(&[("size", "src"), ("support", "../support/src")])?;
    let digests: Vec<_> = ROOTS
        .iter()
        .map(|root| code.digest(root, &WITHOUT))
        .collect::<Result<_>>()?;
    println!("cargo::rustc-env=CODE_OF_COMPARISONS={}", digests.join(" "));
    Ok(())
}
