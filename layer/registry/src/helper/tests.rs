//! Helpers that answer, and helpers that fail.

use super::*;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fs_err as fs;

/// Writes a helper that answers so; `SERVER` in the answer is the registry that it is asked for.
pub fn write(folder: &Path, name: &str, answer: &str) {
    script(
        folder,
        name,
        &format!("read -r server || true\necho '{answer}' | /bin/sed \"s|SERVER|$server|\""),
    );
}

fn script(folder: &Path, name: &str, script: &str) {
    let path = folder.join(format!("docker-credential-{name}"));
    fs::write(
        &path,
        format!("#!/bin/sh\n[ \"$1\" = get ] || exit 3\n{script}\n"),
    )
    .unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn helpers_answer_or_fail_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |name| ask(name, "h.example", Some(folder.path().as_os_str()));
    let said = |name| format!("{:#}", ask(name).unwrap_err());

    write(
        folder.path(),
        "token",
        r#"{"ServerURL": "x", "Username": "<token>", "Secret": "s"}"#,
    );
    assert_eq!(
        ask("token").unwrap(),
        Credentials::IdentityToken("s".into())
    );
    write(folder.path(), "empty", r#"{"Username": "", "Secret": ""}"#);
    assert_eq!(ask("empty").unwrap(), Credentials::Anonymous);
    script(
        folder.path(),
        "nothing",
        "echo credentials not found in native keychain\nexit 1",
    );
    assert_eq!(ask("nothing").unwrap(), Credentials::Anonymous);

    let error = said("missing");
    assert!(
        error.contains("docker-credential-missing") && error.contains("h.example"),
        "{error}"
    );
    assert!(error.contains("not installed"), "{error}");
    script(
        folder.path(),
        "locked",
        "echo the keychain is locked >&2\nexit 4",
    );
    let error = said("locked");
    assert!(
        error.contains("docker-credential-locked") && error.contains("is locked"),
        "{error}"
    );
    script(
        folder.path(),
        "leak",
        "echo '{\"Secret\": \"hidden\"}'\nexit 4",
    );
    write(folder.path(), "half", r#"{"Secret": "hidden"}"#);
    write(folder.path(), "chatty", "hidden");
    for name in ["leak", "half", "chatty"] {
        let error = said(name);
        assert!(
            error.contains(&format!("docker-credential-{name}")),
            "{error}"
        );
        assert!(!error.contains("hidden"), "{error}");
    }
}
