//! Runs git on the project's checkout, without writing to it or running its hooks.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use fs_err as fs;
use support::environment::restricted;
use support::run::{Shell, cmd, wait_with_output};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub commit: String,
    /// Whether tracked files have uncommitted changes.
    pub dirty: bool,
}

/// `None` if `root` is not a checkout, or git is not installed.
pub fn head(root: &Path) -> Result<Option<Head>> {
    let git_stdout = |arguments: &[&str]| {
        let output = run_git(root, arguments).ok();
        let output = output.filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if !is_checkout(root) {
        return Ok(None);
    }
    let Some(commit) = git_stdout(&["rev-parse", "HEAD"]) else {
        return Ok(None);
    };
    let changed =
        git_stdout(&["status", "--porcelain", "--untracked-files=no"]).context("failed to run `git status`")?;
    Ok(Some(Head {
        commit,
        dirty: !changed.is_empty(),
    }))
}

/// Whether `root` itself is a checkout. One in a parent folder belongs to another project.
pub fn is_checkout(root: &Path) -> bool {
    canonical(root).join(".git").exists()
}

pub fn run_git(root: &Path, arguments: &[&str]) -> Result<Output> {
    let sh = Shell::new()?;
    let root = canonical(root);
    // Allow a checkout owned by another user.
    let trust = cmd!(
        sh,
        "git --no-optional-locks -c core.fsmonitor=false -c safe.directory={root}"
    );
    // Git sets variables for hooks, which would select another checkout.
    wait_with_output(restricted(trust.arg("-C").arg(root).args(arguments), &[]))
}

fn canonical(root: &Path) -> PathBuf {
    fs::canonicalize(root).unwrap_or_else(|_| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::checkout::commit;

    #[test]
    fn head_has_commit_and_dirty_flag() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(head(at).unwrap(), None);
        commit(at, "file", "one");
        let clean = head(at).unwrap().unwrap();
        assert_eq!((clean.commit.len(), clean.dirty), (40, false));
        fs::write(at.join("file"), "two").unwrap();
        let changed = head(at).unwrap().unwrap();
        assert_eq!((changed.commit, changed.dirty), (clean.commit, true));
    }

    #[test]
    fn checkout_in_a_parent_folder_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        commit(folder.path(), "inner/file", "one");
        assert_eq!(head(&folder.path().join("inner")).unwrap(), None);
    }
}
