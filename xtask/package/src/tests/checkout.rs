//! Git checkouts for tests of this crate and of `size`.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::path::Path;

use fs_err as fs;
use support::run::{Shell, cmd, output};

/// Runs git in `folder` with a fixed author and committer.
pub fn git(folder: &Path, arguments: &[&str]) {
    let sh = Shell::new().unwrap();
    let mut git = cmd!(sh, "git -C {folder} {arguments...}");
    for who in ["AUTHOR", "COMMITTER"] {
        git = git.env(format!("GIT_{who}_NAME"), "a");
        git = git.env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    output(git).unwrap();
}

/// Commits `file` with `text` to a checkout, which is created if necessary.
pub fn commit(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", file]);
    git(folder, &["commit", "--quiet", "--message", text]);
}
