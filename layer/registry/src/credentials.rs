//! Finds the credentials that `docker login`, podman and skopeo have stored. Sources of the file formats:
//! <https://docs.docker.com/reference/cli/docker/login/> and containers-auth.json(5).
//!
//! The crate `docker_credential` also reads these files, but is not used: it does not name a missing helper, treats a
//! helper without credentials for a registry as a failure, and supports neither keys that end in `/v1/` without a
//! scheme, nor keys with a repository, nor registry tokens.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::{Credentials, Error};
use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::credential_helper;

/// Docker Hub, as references name it and as its credentials are stored.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_NAMES: [&str; 3] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

pub struct Keychain {
    files: Vec<PathBuf>,
    /// Whether the user named the only file, so that it must exist.
    required: bool,
    /// The `PATH` in which helpers are searched.
    path: Option<OsString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, AuthConfig>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct AuthConfig {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Keychain {
    /// Uses the file of `REGISTRY_AUTH_FILE`, or else Docker's configuration and then Podman's.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let below = |name, file| set(name).map(|folder| PathBuf::from(folder).join(file));
        let path = set("PATH");
        if let Some(file) = set("REGISTRY_AUTH_FILE") {
            return Self {
                files: vec![file.into()],
                required: true,
                path,
            };
        }
        let docker = below("DOCKER_CONFIG", "config.json");
        let docker = docker.or_else(|| below("HOME", ".docker/config.json"));
        let podman = below("XDG_RUNTIME_DIR", "containers/auth.json");
        let kept = below("HOME", ".config/containers/auth.json");
        Self {
            files: [docker, podman, kept].into_iter().flatten().collect(),
            required: false,
            path,
        }
    }

    /// The credentials for a repository, from the first file that has some.
    ///
    /// # Errors
    /// A file cannot be read, or a helper fails.
    pub fn find(&self, registry: &str, repository: &str) -> Result<Credentials, Error> {
        let found = self.lookup(registry, repository);
        let what = format!("failed to look up credentials for {registry}");
        found.map_err(|reason| Error::Other(format!("{what}: {reason:#}")))
    }

    fn lookup(&self, registry: &str, repository: &str) -> Result<Credentials> {
        for file in &self.files {
            let found = self.find_in(file, registry, repository);
            let found = found.with_context(|| format!("failed to use `{}`", file.display()))?;
            if found != Credentials::Anonymous {
                return Ok(found);
            }
        }
        Ok(Credentials::Anonymous)
    }

    fn find_in(&self, file: &Path, registry: &str, repository: &str) -> Result<Credentials> {
        let Some(store) = read_config(file, self.required)? else {
            return Ok(Credentials::Anonymous);
        };
        let server = if registry == DOCKER_HUB {
            DOCKER_HUB_KEY
        } else {
            registry
        };
        let from_helper = |name: &str| credential_helper::get(name, server, self.path.as_deref());
        let mut helpers = store.cred_helpers.iter();
        if let Some((_, name)) = helpers.find(|(key, _)| normalize_key(key) == registry) {
            return from_helper(name);
        }
        // The longest key that is a prefix of the repository wins.
        let full_name = format!("{registry}/{repository}");
        let mut scope = full_name.as_str();
        loop {
            let entries = store.auths.iter().filter(|(key, _)| normalize_key(key) == scope);
            for (key, entry) in entries {
                let found = entry.credentials();
                let found = found.with_context(|| format!("failed to use the entry {key:?}"))?;
                if found != Credentials::Anonymous {
                    return Ok(found);
                }
            }
            match scope.rsplit_once('/') {
                Some((shorter, _)) => scope = shorter,
                None => break,
            }
        }
        match store.creds_store.as_deref() {
            Some(name) if !name.is_empty() => from_helper(name),
            _ => Ok(Credentials::Anonymous),
        }
    }
}

fn read_config(file: &Path, required: bool) -> Result<Option<ConfigFile>> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !required => return Ok(None),
        Err(error) if required => {
            bail!("failed to read it: {error}; it is set by REGISTRY_AUTH_FILE")
        }
        Err(error) => bail!("failed to read it: {error}"),
    };
    // The parser's message could show a password.
    let store = serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow!("it is not JSON in the format of `docker login`, at line {line}, column {column}")
    })?;
    Ok(Some(store))
}

/// Strips a key's scheme and API version, which leaves the registry and the repository, if any.
fn normalize_key(key: &str) -> String {
    let key = key.strip_prefix("https://").unwrap_or(key);
    let key = key.strip_prefix("http://").unwrap_or(key);
    let key = key.trim_end_matches('/');
    let key = ["/v1", "/v2"]
        .iter()
        .find_map(|end| key.strip_suffix(end))
        .unwrap_or(key);
    let (host, rest) = key.split_at(key.find('/').unwrap_or(key.len()));
    let host = if DOCKER_HUB_NAMES.contains(&host) {
        DOCKER_HUB
    } else {
        host
    };
    format!("{host}{rest}")
}

impl AuthConfig {
    fn credentials(&self) -> Result<Credentials> {
        let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        if let Some(token) = set(&self.registrytoken) {
            return Ok(Credentials::RegistryToken(token));
        }
        if let Some(token) = set(&self.identitytoken) {
            return Ok(Credentials::IdentityToken(token));
        }
        if let Some(auth) = set(&self.auth) {
            let (user, password) =
                decode_auth(&auth).context("its `auth` is not a user name and password in Base64; log in again")?;
            return Ok(Credentials::Basic { user, password });
        }
        Ok(match (set(&self.username), set(&self.password)) {
            (Some(user), Some(password)) => Credentials::Basic { user, password },
            _ => Credentials::Anonymous,
        })
    }
}

fn decode_auth(auth: &str) -> Option<(String, String)> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, lenient).decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Old versions of Docker pad with zeros.
    Some((user.to_owned(), password.trim_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::Basic {
            user: user.into(),
            password: password.into(),
        }
    }

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
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io/v1/", "docker.io"),
            ("docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
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
        }});
        assert_eq!(find(&content, "h.example", "a/b").unwrap(), basic("x", "y:z"));
        assert_eq!(find(&content, "h.example", "ab").unwrap(), basic("u", "p"));
        assert_eq!(find(&json!({}), "h.example", "a").unwrap(), Credentials::Anonymous);
        let empty = json!({"auths": {"h": {"auth": ""}}, "credsStore": ""});
        assert_eq!(find(&empty, "h", "a").unwrap(), Credentials::Anonymous);
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
        assert_eq!(of(&[home, ("DOCKER_CONFIG", "/d")])[0], "/d/config.json");
        assert_eq!(of(&[home, run, ("REGISTRY_AUTH_FILE", "/r/a.json")]), ["/r/a.json"]);
        let named = Keychain::from_environment(&|name| (name == "REGISTRY_AUTH_FILE").then(|| "/none".into()));
        let error = format!("{:#}", named.find("h", "a").unwrap_err());
        assert!(error.contains("REGISTRY_AUTH_FILE"), "{error}");
        let unnamed = Keychain::from_environment(&|name| (name == "HOME").then(|| "/none".into()));
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
}
