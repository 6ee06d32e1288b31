//! Tests the output of failures of `cargo xtask env`.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use support::run::{Shell, cmd, wait_with_output};

#[test]
fn eval_fails_if_there_is_no_environment() {
    let sh = Shell::new().unwrap();
    let xtask = env!("CARGO_BIN_EXE_xtask");
    let failed = |options: &[&str]| {
        let ended = wait_with_output(cmd!(sh, "{xtask} env --package no-such {options...}")).unwrap();
        assert!(!ended.status.success());
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(stderr.contains("there is no package `no-such`"), "{stderr}");
        String::from_utf8(ended.stdout).unwrap()
    };
    let text = failed(&[]);
    let script = "eval \"$1\" && exit 7";
    let evaluated = wait_with_output(cmd!(sh, "sh -c {script} sh {text}")).unwrap();
    assert_eq!(evaluated.status.code(), Some(1), "{text}");
    for options in [["--format", "github"], ["--format", "rust-analyzer"]] {
        assert_eq!(failed(&options), "");
    }
    assert_eq!(failed(&["--json"]), "");
}
