//! A reference to an image in a registry, with credentials and connection settings.

use std::fmt;

use layer::Digest;
use oci_spec::distribution::Reference;

use super::host::is_loopback;
use super::reference::parse_reference;
use super::{Certificates, Error, Result, RetryPolicy, Transport};

#[derive(Clone, Debug)]
pub struct RegistryImage {
    pub reference: Reference,
    pub credentials: Credentials,
    pub transport: Transport,
    pub certificates: Certificates,
    /// Repositories of the same registry that have blobs of the image. A push mounts these blobs instead of sending
    /// them, if the registry permits it.
    pub mount_from: Vec<String>,
    pub retry_policy: RetryPolicy,
}

/// `Debug` hides the secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    #[default]
    Anonymous,
    Basic {
        user: String,
        password: String,
    },
    /// A token that the registry's token service exchanges for access tokens.
    IdentityToken(String),
    /// A bearer token that is sent to the registry itself.
    RegistryToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
            Self::RegistryToken(_) => "RegistryToken(…)",
        })
    }
}

impl Credentials {
    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Basic { password, .. } => Some(password),
            Self::IdentityToken(token) | Self::RegistryToken(token) => Some(token),
        }
    }
}

impl RegistryImage {
    /// Parses a reference as Docker does: the default registry is Docker Hub, and the default tag is `latest`. The
    /// result has no credentials, and permits plain HTTP only if the registry is on this machine.
    pub fn parse(text: &str) -> Result<Self> {
        let reference = parse_reference(text)?;
        let loopback = is_loopback(reference.resolve_registry());
        Ok(Self {
            transport: if loopback { Transport::PlainHttp } else { Transport::Tls },
            certificates: Certificates::default(),
            reference,
            credentials: Credentials::Anonymous,
            mount_from: Vec::new(),
            retry_policy: RetryPolicy::default(),
        })
    }

    pub fn registry(&self) -> &str {
        self.reference.registry()
    }

    /// Adds a repository to [`Self::mount_from`]. `name` is a repository of this registry, with or without its host.
    ///
    /// # Errors
    /// `name` is not a repository, or one of another registry.
    pub fn add_mount_source(&mut self, name: &str) -> Result<()> {
        let registry = self.registry();
        let own = name.strip_prefix(registry).and_then(|rest| rest.strip_prefix('/'));
        let parsed = Self::parse(&format!("{registry}/{}", own.unwrap_or(name)))?;
        // A host in front would be a part of the name.
        let elsewhere = own.is_none() && Self::parse(name).is_ok_and(|other| other.registry() != "docker.io");
        if elsewhere {
            return Err(Error::Other(format!(
                "blobs cannot be mounted from `{name}`, because it is not in {registry}; name a repository of the \
                 registry that is pushed to"
            )));
        }
        self.mount_from.push(parsed.reference.repository().to_owned());
        Ok(())
    }

    pub fn digest(&self) -> Option<Digest> {
        self.reference.digest()?.parse().ok()
    }

    pub(crate) fn digest_mismatch(&self, what: &str, wanted: Digest, found: Digest) -> Error {
        Error::DigestMismatch {
            registry: self.registry().to_owned(),
            what: what.to_owned(),
            expected: wanted,
            found,
        }
    }

    pub(crate) fn interrupted(&self, what: &str, done: u64, total: u64, reason: &str) -> Error {
        Error::Interrupted {
            registry: self.registry().to_owned(),
            what: what.to_owned(),
            done,
            total,
            reason: reason.to_owned(),
        }
    }

    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            reference: self.reference.clone_with_digest(digest.to_string()),
            ..self.clone()
        }
    }

    /// The digest if there is one, or else the tag.
    pub(crate) fn tag_or_digest(&self) -> &str {
        let (digest, tag) = (self.reference.digest(), self.reference.tag());
        digest.or(tag).unwrap_or("latest")
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::with_session;
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        let api_url = |text| {
            let image = RegistryImage::parse(text).unwrap();
            with_session(&image, "pull", &|_| (), async |session| Ok(session.api_url())).unwrap()
        };
        assert_eq!(api_url("localhost:5000/a"), "http://localhost:5000/v2/");
        assert_eq!(api_url("h.example/a"), "https://h.example/v2/");
        assert_eq!(api_url("a"), "https://index.docker.io/v2/");
    }

    #[test]
    fn sources_of_mounts_are_repositories_of_the_same_registry() {
        let mut image = RegistryImage::parse("h.example:5000/a").unwrap();
        for name in ["team/base", "h.example:5000/team/other:1", "base"] {
            image.add_mount_source(name).unwrap();
        }
        assert_eq!(image.mount_from, ["team/base", "team/other", "base"]);
        for bad in [
            "other.example/team/base",
            "h.example/base",
            "UPPER",
            "",
            "https://h.example:5000/a",
        ] {
            assert!(image.add_mount_source(bad).is_err(), "{bad}");
        }
        let mut hub = RegistryImage::parse("me/image").unwrap();
        hub.add_mount_source("debian").unwrap();
        assert_eq!(hub.mount_from, ["library/debian"]);
    }

    #[test]
    fn debug_output_hides_secrets() {
        let mut image = RegistryImage::parse("a").unwrap();
        for credentials in [
            Credentials::RegistryToken("hidden".into()),
            Credentials::IdentityToken("hidden".into()),
            Credentials::Basic {
                user: "u".into(),
                password: "hidden".into(),
            },
        ] {
            image.credentials = credentials;
            assert!(!format!("{image:?}").contains("hidden"));
        }
    }
}
