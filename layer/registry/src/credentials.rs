//! Finds the credentials that `docker login`, podman and skopeo have stored. Sources of the file formats:
//! <https://docs.docker.com/reference/cli/docker/login/> and containers-auth.json(5).
//!
//! The crate `docker_credential` also reads these files, but is not used: it does not name a missing helper, treats a
//! helper without credentials for a registry as a failure, and supports neither keys that end in `/v1/` without a
//! scheme, nor keys with a repository, nor registry tokens.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
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
    auths: Option<BTreeMap<String, Option<AuthConfig>>>,
    creds_store: Option<String>,
    cred_helpers: Option<BTreeMap<String, String>>,
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
    /// Uses the file of `REGISTRY_AUTH_FILE`, or else Docker's configuration and then podman's.
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
        let podman = podman.or_else(|| Some(format!("/run/containers/{}/auth.json", user_id()?).into()));
        let kept = below("XDG_CONFIG_HOME", "containers/auth.json");
        let kept = kept.or_else(|| below("HOME", ".config/containers/auth.json"));
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
        let registry = docker_hub_or(registry);
        let server = match registry {
            DOCKER_HUB => DOCKER_HUB_KEY,
            _ => registry,
        };
        let from_helper = |name: &str| credential_helper::get(name, server, self.path.as_deref());
        let mut helpers = store.cred_helpers.iter().flatten();
        if let Some((_, name)) = helpers.find(|(key, _)| normalize_key(key) == registry) {
            return from_helper(name);
        }
        // The longest key that is a prefix of the repository wins.
        let full_name = format!("{registry}/{repository}");
        let mut scope = full_name.as_str();
        loop {
            let entries = store.auths.iter().flatten();
            let entries = entries.filter_map(|(key, entry)| Some((key, entry.as_ref()?)));
            for (key, entry) in entries.filter(|(key, _)| normalize_key(key) == scope) {
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

/// The user by whom this process runs.
fn user_id() -> Option<u32> {
    Some(fs::metadata("/proc/self").ok()?.uid())
}

/// The registry of a key, with the repository if it has one. Docker's keys are for the whole registry, and can be URLs
/// with the version of the API; podman's have neither, and can be for a repository.
fn normalize_key(key: &str) -> String {
    let without_scheme = ["https://", "http://"]
        .iter()
        .find_map(|scheme| key.strip_prefix(scheme));
    let name = without_scheme.unwrap_or(key).trim_end_matches('/');
    let (host, path) = name.split_at(name.find('/').unwrap_or(name.len()));
    let for_registry = without_scheme.is_some() || ["/v1", "/v2"].contains(&path);
    let path = if for_registry { "" } else { path };
    format!("{}{path}", docker_hub_or(host))
}

/// The host of a registry, which is [`DOCKER_HUB`] for all of its names.
fn docker_hub_or(host: &str) -> &str {
    match DOCKER_HUB_NAMES.contains(&host) {
        true => DOCKER_HUB,
        false => host,
    }
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
mod tests;
