//! Sets an environment variable for the crate: a digest of the code that lists the function's crates, which is part of
//! the key of the list's cache.

use anyhow::Result;
use code_digest::ModuleGraph;

/// The root module of the digest, and modules that do not affect the list of crates.
const ROOT_MODULE: &str = "package::sbom::crates";
const EXCLUDED: [&str; 2] = ["support::lock", "support::progress"];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let code = ModuleGraph::for_build_script(&[("package", "src"), ("support", "../support/src")])?;
    println!(
        "cargo::rustc-env=CRATES_CODE_DIGEST={}",
        code.digest(ROOT_MODULE, &EXCLUDED)?
    );
    Ok(())
}
