//! Remembers which rustc compiles this program, and so the function: its standard library is in there. Also hands
//! over a digest of the code that finds the function's crates, by which their list is cached.

use std::env;
use std::process::Command;

use anyhow::{Context, Result};
use code_digest::ModuleGraph;

/// Where the code begins that finds crates, and what has no effect on the list.
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

/// The release of the rustc that compiles this.
fn release() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--version", "--verbose"])
        .output();
    let output = output.with_context(|| format!("failed to start `{}`", rustc.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    let release = release.with_context(|| format!("`{}` tells no release", rustc.display()))?;
    Ok(release.to_owned())
}
