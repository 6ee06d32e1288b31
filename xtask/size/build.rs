//! Hands over a digest of the code that compares our OpenCV with others, by which its results are kept.

use anyhow::Result;
use code_digest::ModuleGraph;

/// Where that code begins: both comparisons, and how the function is linked with other libraries.
const ROOTS: [&str; 3] = ["size::ablate", "size::baseline", "size::relink"];
/// What has no effect on a result.
const EXCLUDED: [&str; 2] = ["support::lock", "support::progress"];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let code = ModuleGraph::for_build_script(&[("size", "src"), ("support", "../support/src")])?;
    let digests: Vec<_> = ROOTS
        .iter()
        .map(|root| code.digest(root, &EXCLUDED))
        .collect::<Result<_>>()?;
    println!(
        "cargo::rustc-env=COMPARISON_CODE_DIGEST={}",
        digests.join(" ")
    );
    Ok(())
}
