use super::*;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fs_err as fs;

/// Writes a helper that prints `answer`, with `SERVER` replaced by the requested registry.
pub fn write_helper(folder: &Path, name: &str, answer: &str) {
    script(
        folder,
        name,
        &format!("read -r server || true\necho '{answer}' | /bin/sed \"s|SERVER|$server|\""),
    );
}

fn script(folder: &Path, name: &str, script: &str) {
    let path = folder.join(format!("docker-credential-{name}"));
    fs::write(&path, format!("#!/bin/sh\n[ \"$1\" = get ] || exit 3\n{script}\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn helpers_return_credentials_or_named_errors() {
    let folder = tempfile::tempdir().unwrap();
    let get = |name| get(name, "h.example", Some(folder.path().as_os_str()));
    let error_of = |name| format!("{:#}", get(name).unwrap_err());

    write_helper(
        folder.path(),
        "token",
        r#"{"ServerURL": "x", "Username": "<token>", "Secret": "s"}"#,
    );
    assert_eq!(get("token").unwrap(), Credentials::IdentityToken("s".into()));
    write_helper(folder.path(), "empty", r#"{"Username": "", "Secret": ""}"#);
    assert_eq!(get("empty").unwrap(), Credentials::Anonymous);
    script(
        folder.path(),
        "nothing",
        "echo credentials not found in native keychain\nexit 1",
    );
    assert_eq!(get("nothing").unwrap(), Credentials::Anonymous);

    let error = error_of("missing");
    assert!(
        error.contains("docker-credential-missing") && error.contains("h.example"),
        "{error}"
    );
    assert!(error.contains("not installed"), "{error}");
    script(folder.path(), "locked", "echo the keychain is locked >&2\nexit 4");
    let error = error_of("locked");
    assert!(
        error.contains("docker-credential-locked") && error.contains("is locked"),
        "{error}"
    );
    script(folder.path(), "leak", "echo '{\"Secret\": \"hidden\"}'\nexit 4");
    write_helper(folder.path(), "half", r#"{"Secret": "hidden"}"#);
    write_helper(folder.path(), "chatty", "hidden");
    for name in ["leak", "half", "chatty"] {
        let error = error_of(name);
        assert!(error.contains(&format!("docker-credential-{name}")), "{error}");
        assert!(!error.contains("hidden"), "{error}");
    }
}
