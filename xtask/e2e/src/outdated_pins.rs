//! `ci/outdated-pins.py` looks up every pinned download.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use package::workspace::Workspace;
use serde_json::Value;
use support::run::{Shell, cmd, output};

pub fn test(workspace: &Workspace) -> Result<()> {
    let sh = Shell::new()?;
    let script = workspace.root().join("ci/outdated-pins.py");
    let entries: Vec<Value> = serde_json::from_str(&output(cmd!(sh, "{script} --json"))?)
        .context("the output of ci/outdated-pins.py is not a list")?;
    let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let names: BTreeSet<_> = entries.iter().map(|entry| field(entry, "name")).collect();
    for name in ["cmake", "ziglang", "nasm", "boto3", "aws-sam-cli", "typos"] {
        ensure!(names.contains(name), "`{name}` is not looked up");
    }
    for entry in &entries {
        let status = field(entry, "status");
        ensure!(
            ["current", "held", "outdated", "unknown"].contains(&status.as_str()),
            "unexpected status: {entry}"
        );
        ensure!(
            status == "unknown" || !field(entry, "newest").is_empty(),
            "no release was found: {entry}"
        );
    }
    Ok(())
}
