//! What git says of the project's checkout: arguments enter, their output leaves. Nothing is written, and
//! nothing of the checkout is run.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use fs_err as fs;
use support::environment::restricted;
use support::run::{Shell, cmd, finish};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOut {
    pub commit: String,
    /// Whether files were changed after it.
    pub changed: bool,
}

/// The commit that is checked out in `root`; none where it is no checkout or there is no git.
pub fn checked_out(root: &Path) -> Result<Option<CheckedOut>> {
    let answer = |arguments: &[&str]| {
        let output = ask(root, arguments).ok();
        let output = output.filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if !is_checkout(root) {
        return Ok(None);
    }
    let Some(commit) = answer(&["rev-parse", "HEAD"]) else {
        return Ok(None);
    };
    let changed = answer(&["status", "--porcelain", "--untracked-files=no"])
        .context("failed to ask git what was changed")?;
    Ok(Some(CheckedOut {
        commit,
        changed: !changed.is_empty(),
    }))
}

/// Whether `root` itself is one. A checkout further up is another project's, in which this one was unpacked.
pub fn is_checkout(root: &Path) -> bool {
    real(root).join(".git").exists()
}

pub fn ask(root: &Path, arguments: &[&str]) -> Result<Output> {
    let sh = Shell::new()?;
    let root = real(root);
    // A checkout that somebody else made is looked at, too.
    let trust = cmd!(
        sh,
        "git --no-optional-locks -c core.fsmonitor=false -c safe.directory={root}"
    );
    // In a hook of git variables name another checkout.
    finish(restricted(trust.arg("-C").arg(root).args(arguments), &[]))
}

fn real(root: &Path) -> PathBuf {
    fs::canonicalize(root).unwrap_or_else(|_| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::checkout::commit;

    #[test]
    fn a_checkout_has_a_commit_and_tells_if_files_were_changed() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(checked_out(at).unwrap(), None);
        commit(at, "file", "one");
        let clean = checked_out(at).unwrap().unwrap();
        assert_eq!((clean.commit.len(), clean.changed), (40, false));
        fs::write(at.join("file"), "two").unwrap();
        let changed = checked_out(at).unwrap().unwrap();
        assert_eq!((changed.commit, changed.changed), (clean.commit, true));
    }

    #[test]
    fn a_checkout_further_up_is_another_projects() {
        let folder = tempfile::tempdir().unwrap();
        commit(folder.path(), "inner/file", "one");
        assert_eq!(checked_out(&folder.path().join("inner")).unwrap(), None);
    }
}
