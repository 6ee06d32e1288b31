//! A registry's repository with finished SDKs, each an artefact whose tag is its fingerprint, so that machines with the
//! same recipe build OpenCV once. The separate program `registry` accesses it.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use opencv_build::Sdk;
use serde::{Deserialize, Serialize};
use support::environment::Environment;
use support::fingerprint::Fingerprint;
use support::progress::print_status;

use crate::program::PULL;

/// Names the repository for all commands that build OpenCV.
pub const SDK_CACHE_VARIABLE: &str = "OPENCV_SDK_CACHE";

/// The hidden commands of the program.
pub const PULL_COMMAND: &str = "pull-sdk";
pub const PUSH_COMMAND: &str = "push-sdk";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkCache {
    repository: String,
    plain_http: Vec<String>,
}

/// The output of [`PULL_COMMAND`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullReport {
    Pulled,
    /// The registry does not have the tag.
    Absent,
    Failed(String),
}

/// The output of [`PUSH_COMMAND`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushReport {
    Pushed(PushedSdk),
    Failed(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedSdk {
    /// The digest that the tag has now.
    pub digest: String,
    /// Whether it had the same one before, so that nothing was sent.
    pub existed: bool,
}

impl SdkCache {
    /// `repository` is `REGISTRY/NAME`. The registries in `plain_http` are accessed by plain HTTP.
    ///
    /// # Errors
    /// `repository` has no registry, or has a tag or a digest, or cannot be a name in a registry.
    pub fn new(repository: &str, plain_http: &[String]) -> Result<Self> {
        if let Some(reason) = why_not_a_repository(repository) {
            bail!(
                "`{repository}` is not a repository for SDKs: {reason}; write REGISTRY/NAME, such as \
                 ghcr.io/team/opencv-sdk"
            );
        }
        Ok(Self {
            repository: repository.to_owned(),
            plain_http: plain_http.to_vec(),
        })
    }

    /// The repository that [`SDK_CACHE_VARIABLE`] names, if it is set.
    pub fn from_environment(environment: &Environment, plain_http: &[String]) -> Result<Option<Self>> {
        let Some(named) = environment.get(SDK_CACHE_VARIABLE) else {
            return Ok(None);
        };
        let cache = Self::new(&named.to_string_lossy(), plain_http);
        let cache = cache.with_context(|| format!("failed to use the variable {SDK_CACHE_VARIABLE}"))?;
        Ok(Some(cache))
    }

    /// The reference of the SDK with this fingerprint, which covers the architecture and the glibc.
    pub fn reference(&self, fingerprint: &Fingerprint) -> String {
        format!("{}:{fingerprint}", self.repository)
    }

    /// Writes the SDK with this fingerprint to `folder`, which must not exist; returns whether the registry has one.
    ///
    /// # Errors
    /// The registry cannot be reached or denies access, or what it has is damaged or no SDK.
    pub fn pull(&self, fingerprint: &Fingerprint, folder: &Path) -> Result<bool> {
        let reference = self.reference(fingerprint);
        match self.call(PULL_COMMAND, &[(&reference).into(), folder.into()])? {
            PullReport::Pulled => Ok(true),
            PullReport::Absent => {
                print_status(&format!("{} does not have this SDK yet", self.repository));
                Ok(false)
            }
            PullReport::Failed(reason) => bail!("{reason}"),
        }
    }

    /// Pushes `sdk`, unless its tag has the same content. Replaces other content.
    ///
    /// # Errors
    /// The SDK is not complete, or was changed; or the registry cannot be reached or denies access.
    pub fn push(&self, sdk: &Sdk) -> Result<PushedSdk> {
        let reference = self.reference(&sdk.manifest().fingerprint);
        match self.call(PUSH_COMMAND, &[sdk.path().into(), (&reference).into()])? {
            PushReport::Pushed(pushed) => Ok(pushed),
            PushReport::Failed(reason) => bail!("{reason}"),
        }
    }

    fn call<T: for<'de> Deserialize<'de>>(&self, command: &str, arguments: &[OsString]) -> Result<T> {
        let mut subcommand = vec![OsString::from(command)];
        subcommand.extend(self.plain_http.iter().map(|host| format!("--plain-http={host}").into()));
        let output = PULL.output(&subcommand, arguments);
        let output = output.context("failed to run the program that accesses registries")?;
        serde_json::from_str(&output).with_context(|| format!("`{command}` printed {output:?}"))
    }
}

/// The reason why `text` cannot be `REGISTRY/NAME`. The program `registry` parses it completely.
fn why_not_a_repository(text: &str) -> Option<&'static str> {
    let check = || -> Result<(), &'static str> {
        let refuse = |refused: bool, reason| if refused { Err(reason) } else { Ok(()) };
        refuse(text.contains("://"), "it is a URL")?;
        refuse(text.contains('@'), "it has a digest, but each SDK has its own")?;
        let (registry, name) = text.split_once('/').ok_or("it has no registry and name")?;
        let is_host = registry == "localhost" || registry.contains(['.', ':']);
        refuse(
            !is_host,
            "it does not begin with the host of a registry (Docker Hub's is docker.io)",
        )?;
        refuse(
            name.contains(':'),
            "it has a tag, but the tag is the fingerprint of an SDK",
        )?;
        refuse(
            name.contains(|c: char| c.is_uppercase()),
            "names have no capital letters",
        )?;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let is_part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
        refuse(
            !name.split('/').all(is_part),
            "its name has an empty part or other characters",
        )
    };
    check().err()
}

/// The registry for `--push-cache`.
///
/// # Errors
/// None is given.
pub fn require_for_push(cache: Option<&SdkCache>) -> Result<&SdkCache> {
    cache.with_context(|| {
        format!("`--push-cache` needs a registry; add --cache REGISTRY/NAME, or set {SDK_CACHE_VARIABLE}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repositories_are_accepted() {
        for good in [
            "ghcr.io/team/opencv-sdk",
            "localhost/sdk",
            "localhost:5000/sdk",
            "registry.example:5000/a/b_c.d",
            "[::1]:5000/sdk",
            "docker.io/me/sdk",
        ] {
            SdkCache::new(good, &[]).unwrap();
        }
        let digest = format!("h.example/sdk@sha256:{}", "0".repeat(64));
        for (bad, reason) in [
            ("", "has no registry and name"),
            ("sdk", "has no registry and name"),
            ("me/sdk", "docker.io"),
            ("h.example/sdk:v1", "it has a tag"),
            ("localhost:5000/sdk:latest", "it has a tag"),
            (&digest, "it has a digest"),
            ("https://h.example/sdk", "it is a URL"),
            ("h.example/Team/sdk", "no capital letters"),
            ("h.example/", "an empty part"),
            ("h.example//sdk", "an empty part"),
            ("h.example/sdk ", "other characters"),
            ("h.example/sdk?x", "other characters"),
        ] {
            let error = SdkCache::new(bad, &[]).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("REGISTRY/NAME"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn variable_names_the_repository() {
        let of = |value: &str| {
            let environment = [(SDK_CACHE_VARIABLE, value)].into_iter().collect();
            SdkCache::from_environment(&environment, &[])
        };
        let cache = of("h.example/sdk").unwrap().unwrap();
        let fingerprint = Fingerprint::of([("a", "b".as_bytes())]);
        let reference = cache.reference(&fingerprint);
        assert_eq!(reference, format!("h.example/sdk:{fingerprint}"));
        // OCI's limit for tags is 128 characters.
        assert_eq!(fingerprint.to_string().len(), 64);
        assert_eq!(of("").unwrap(), None);
        let error = format!("{:#}", of("h.example/sdk:v1").unwrap_err());
        assert!(
            error.contains(SDK_CACHE_VARIABLE) && error.contains("it has a tag"),
            "{error}"
        );
    }

    #[test]
    fn push_without_a_registry_names_both_settings() {
        let error = require_for_push(None).unwrap_err().to_string();
        assert!(
            error.contains("--cache") && error.contains(SDK_CACHE_VARIABLE),
            "{error}"
        );
    }
}
