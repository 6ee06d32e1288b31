//! Computes a digest of the code that compares our OpenCV with others, a part of the key of its cached results.

use anyhow::Result;
use code_digest::ModuleGraph;

/// The root modules of that code: both comparisons, and linking with other libraries.
const ROOTS: [&str; 3] = ["size::ablate", "size::baseline", "size::relink"];
/// Modules without an effect on results.
const EXCLUDED: [&str; 2] = ["support::lock", "support::progress"];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let code = ModuleGraph::for_build_script(&[("size", "src"), ("support", "../support/src")])?;
    let digests: Vec<_> = ROOTS
        .iter()
        .map(|root| code.digest(root, &EXCLUDED))
        .collect::<Result<_>>()?;
    println!("cargo::rustc-env=COMPARISON_CODE_DIGEST={}", digests.join(" "));
    Ok(())
}
