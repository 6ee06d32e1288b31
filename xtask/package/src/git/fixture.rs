//! Checkouts for tests, of this crate and of others.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs git in `folder` as somebody.
pub fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(arguments);
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "a");
        git.env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    assert!(git.output().unwrap().status.success(), "{arguments:?}");
}

/// Commits `file` with `text` to a checkout, which is made if there is none.
pub fn commit(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", file]);
    git(folder, &["commit", "--quiet", "--message", text]);
}
