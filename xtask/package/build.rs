//! Sets environment variables for the crate: the release of rustc, whose standard library is linked into the function,
//! and a digest of the code that lists the function's crates, which is part of the key of the list's cache.

use std::env;
use std::process::Command;

use anyhow::{Context, Result};
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
    println!("cargo::rustc-env=RUSTC_RELEASE={}", release()?);
    Ok(())
}

fn release() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc).args(["--version", "--verbose"]).output();
    let output = output.with_context(|| format!("failed to start `{}`", rustc.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    let release = release.with_context(|| format!("`{}` prints no release", rustc.display()))?;
    Ok(release.to_owned())
}
