//! What an image says of itself, from git and Cargo, by the names of
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>. The same source says the
//! same: neither the folder nor the day is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

const PREFIX: &str = "org.opencontainers.image";

/// The annotations of an image with that name, description and version.
pub fn of(
    workspace: &Workspace,
    title: &str,
    description: &str,
    version: &str,
) -> Result<BTreeMap<String, String>> {
    let revision = revision(workspace.root())?;
    let all = [
        ("title", Some(title.to_owned())),
        ("description", Some(description.to_owned())),
        ("version", Some(version.to_owned())),
        ("licenses", Some(env!("CARGO_PKG_LICENSE").to_owned())),
        ("source", Some(env!("CARGO_PKG_REPOSITORY").to_owned())),
        ("revision", revision),
    ];
    let said = all.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((format!("{PREFIX}.{name}"), value))
    });
    Ok(said.collect())
}

/// The annotations about what an image lies on.
pub fn of_base(name: &str, digest: &str) -> BTreeMap<String, String> {
    let pair = |key: &str, value: &str| (format!("{PREFIX}.base.{key}"), value.to_owned());
    BTreeMap::from([pair("name", name), pair("digest", digest)])
}

/// The commit that is checked out in `root`, with a mark where files were changed after it; none
/// where it is no checkout or there is no git.
fn revision(root: &Path) -> Result<Option<String>> {
    let root = &fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    // A checkout further up is another project's, in which this one was unpacked.
    if !root.join(".git").exists() {
        return Ok(None);
    }
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        // A checkout that somebody else made is looked at, too, and nothing of it is run or written.
        git.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c"])
            .arg(format!("safe.directory={}", root.display()));
        git.arg("-C").arg(root).args(arguments);
        let output = git.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "HEAD"]) else {
        return Ok(None);
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])
        .context("failed to ask git what was changed")?;
    let mark = if changed.is_empty() { "" } else { "-dirty" };
    Ok(Some(commit + mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder).args(arguments);
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "a");
            git.env(format!("GIT_{who}_EMAIL"), "a@example.com");
        }
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    }

    #[test]
    fn the_revision_is_the_commit_and_says_if_files_were_changed() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(revision(at).unwrap(), None);
        git(at, &["init", "--quiet"]);
        fs::write(at.join("file"), "one").unwrap();
        git(at, &["add", "file"]);
        git(at, &["commit", "--quiet", "--message", "one"]);
        let clean = revision(at).unwrap().unwrap();
        assert_eq!(clean.len(), 40);
        fs::write(at.join("file"), "two").unwrap();
        assert_eq!(revision(at).unwrap().unwrap(), clean + "-dirty");
    }
}
