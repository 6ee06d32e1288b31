use super::*;
use crate::tests::basic;
use serde_json::{Value, json};

fn keychain(content: &Value) -> (tempfile::TempDir, Keychain) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    fs::write(&file, content.to_string()).unwrap();
    let keychain = Keychain {
        files: vec![file],
        required: true,
        path: None,
    };
    (folder, keychain)
}

fn find(content: &Value, registry: &str, repository: &str) -> Result<Credentials> {
    keychain(content).1.lookup(registry, repository)
}

#[test]
fn every_form_of_a_key_is_recognized() {
    // "u:p" in Base64.
    let entry = json!({"auth": "dTpw"});
    for (key, registry) in [
        ("h.example", "h.example"),
        ("https://h.example", "h.example"),
        ("http://h.example:5000/v1/", "h.example:5000"),
        ("h.example/v2/", "h.example"),
        ("https://h.example/artifactory/api/docker", "h.example"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "registry-1.docker.io"),
    ] {
        let content = json!({"auths": {key: entry, "other.example": {"auth": "eDp5"}}});
        assert_eq!(find(&content, registry, "a/b").unwrap(), basic("u", "p"), "{key}");
        assert_eq!(find(&content, "h", "a").unwrap(), Credentials::Anonymous);
    }
}

#[test]
fn longest_key_wins_and_empty_entries_are_ignored() {
    let content = json!({"auths": {
        "h.example": {"auth": "dTpw"},
        "h.example/a": {"username": "x", "password": "y:z"},
        "h.example/a/b": {},
        "h.example/a/v1": {"auth": "eDp5"},
    }});
    assert_eq!(find(&content, "h.example", "a/v1/c").unwrap(), basic("x", "y"));
    assert_eq!(find(&content, "h.example", "a/b").unwrap(), basic("x", "y:z"));
    assert_eq!(find(&content, "h.example", "ab").unwrap(), basic("u", "p"));
    assert_eq!(find(&json!({}), "h.example", "a").unwrap(), Credentials::Anonymous);
    for empty in [
        json!({"auths": {"h": {"auth": ""}}, "credsStore": ""}),
        json!({"auths": {"h": null}, "credHelpers": null}),
        json!({"auths": null, "credsStore": null}),
    ] {
        assert_eq!(find(&empty, "h", "a").unwrap(), Credentials::Anonymous);
    }
}

#[test]
fn tokens_take_precedence_over_passwords() {
    let mut entry = json!({"auth": "dTpw", "identitytoken": "i", "registrytoken": "r"});
    let of = |entry: &Value| find(&json!({"auths": {"h": entry}}), "h", "a").unwrap();
    assert_eq!(of(&entry), Credentials::RegistryToken("r".into()));
    entry["registrytoken"] = "".into();
    assert_eq!(of(&entry), Credentials::IdentityToken("i".into()));
    // "u:p" with trailing zeros, and "u:pq" without padding.
    assert_eq!(of(&json!({"auth": "dTpwAAAA"})), basic("u", "p"));
    assert_eq!(of(&json!({"auth": "dTpwcQ"})), basic("u", "pq"));
}

#[test]
fn invalid_files_are_named_without_their_secrets() {
    let bad = [
        json!({"auths": {"h": "hidden"}}),
        json!({"auths": {"h": {"auth": "hidden"}}}),
        json!({"auths": {"h": {"auth": "aGlkZGVu"}}}),
        json!({"auths": {"h": {"auth": 7, "password": "hidden"}}}),
        json!(["hidden"]),
    ];
    for content in bad {
        let error = format!("{:#}", find(&content, "h", "a").unwrap_err());
        assert!(error.contains("config.json"), "{error}");
        assert!(!error.contains("hidden") && !error.contains("aGlkZGVu"), "{error}");
    }
}

#[test]
fn environment_selects_the_files() {
    let of = |variables: &[(&str, &str)]| {
        let keychain = Keychain::from_environment(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        });
        let files = keychain.files.iter();
        files.map(|file| file.display().to_string()).collect::<Vec<_>>()
    };
    let home = ("HOME", "/home");
    let run = ("XDG_RUNTIME_DIR", "/run");
    let all = [
        "/home/.docker/config.json",
        "/run/containers/auth.json",
        "/home/.config/containers/auth.json",
    ];
    assert_eq!(of(&[home, run, ("DOCKER_CONFIG", "")]), all);
    let config = of(&[home, ("DOCKER_CONFIG", "/d"), ("XDG_CONFIG_HOME", "/x")]);
    assert_eq!(config[0], "/d/config.json");
    assert_eq!(config[2], "/x/containers/auth.json");
    // Where podman stores logins of a user without a session, such as root.
    let path = config[1].strip_prefix("/run/containers/").unwrap();
    assert!(
        path.strip_suffix("/auth.json").unwrap().parse::<u32>().is_ok(),
        "{path}"
    );
    assert_eq!(of(&[home, run, ("REGISTRY_AUTH_FILE", "/r/a.json")]), ["/r/a.json"]);
    let named = Keychain::from_environment(&|name| (name == "REGISTRY_AUTH_FILE").then(|| "/none".into()));
    let error = format!("{:#}", named.find("h", "a").unwrap_err());
    assert!(error.contains("REGISTRY_AUTH_FILE"), "{error}");
    let folders = ["HOME", "XDG_RUNTIME_DIR"];
    let unnamed = Keychain::from_environment(&|name| folders.contains(&name).then(|| "/none".into()));
    assert_eq!(unnamed.find("h", "a").unwrap(), Credentials::Anonymous);
}

#[test]
fn configured_helpers_are_used() {
    let (folder, mut keychain) = keychain(&json!({
        "auths": {"stored.example": {"auth": "dTpw"}, "kept.example": {}},
        "credsStore": "all",
        "credHelpers": {"one.example": "one", "https://index.docker.io/v1/": "one"},
    }));
    credential_helper::tests::write_helper(folder.path(), "all", r#"{"Username": "all", "Secret": "SERVER"}"#);
    credential_helper::tests::write_helper(folder.path(), "one", r#"{"Username": "one", "Secret": "SERVER"}"#);
    keychain.path = Some(folder.path().into());
    let find = |registry| keychain.find(registry, "a").unwrap();
    assert_eq!(find("one.example"), basic("one", "one.example"));
    assert_eq!(find("docker.io"), basic("one", DOCKER_HUB_KEY));
    assert_eq!(find("kept.example"), basic("all", "kept.example"));
    assert_eq!(find("stored.example"), basic("u", "p"));
}
