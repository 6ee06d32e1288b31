//! Errors of pushes and pulls. No variant holds a credential, and none holds a URL beyond its origin, because redirect
//! targets of registries are signed.

use std::io;
use std::path::Path;
use std::time::Duration;

use layer::Digest;
use reqwest::StatusCode;

use super::remedies::{create_repository, login};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{0}")]
    Other(String),
    /// A file cannot be read or written, or a layout is damaged.
    #[error(transparent)]
    Layer(#[from] layer::Error),
    #[error(
        "{registry} denies access to {repository} ({response}){credentials}; log in with `{}`, as a user with access",
        login(registry)
    )]
    Unauthorized {
        registry: String,
        repository: String,
        response: String,
        credentials: &'static str,
    },
    /// The registry directs a request to another host or scheme, where it fails.
    #[error(
        "{registry} directs {what} to {origin}, which failed: {reason}; if that is not the registry's address as seen \
         from here, correct the setting from which the registry derives it (Harbor: `external_url` in harbor.yml; \
         Distribution: `http.host` for uploads, `auth.token.realm` for tokens; a proxy in front of it: the headers \
         Host and X-Forwarded-Proto)"
    )]
    Misdirected {
        registry: String,
        what: String,
        /// Scheme, host and port. The rest may be signed.
        origin: String,
        reason: String,
    },
    #[error("{registry} does not have {what} ({response})")]
    NotFound {
        registry: String,
        what: String,
        response: String,
    },
    /// A push to a repository that does not exist. Some registries create it then, and others do not.
    #[error(
        "{registry} has no repository {repository} ({response}); {}",
        create_repository(registry, repository)
    )]
    RepositoryMissing {
        registry: String,
        repository: String,
        response: String,
    },
    #[error(
        "failed to verify {what} of {registry}: its digest is {found}, not {expected}; the registry or a proxy in \
         front of it has changed it"
    )]
    DigestMismatch {
        registry: String,
        what: String,
        expected: Digest,
        found: Digest,
    },
    #[error(
        "failed to verify {what} of {registry}: it should have {expected} bytes and has {found}; the registry or a \
         proxy in front of it has changed it"
    )]
    SizeMismatch {
        registry: String,
        what: String,
        expected: u64,
        found: String,
    },
    #[error("failed to reach {registry} for {what}: {reason}")]
    Unreachable {
        registry: String,
        what: String,
        reason: String,
    },
    #[error("the connection to {registry} broke after {done} of {total} bytes of {what}: {reason}")]
    Interrupted {
        registry: String,
        what: String,
        done: u64,
        total: u64,
        reason: String,
    },
    #[error("{registry} sent an invalid response for {what}: {reason}")]
    InvalidResponse {
        registry: String,
        what: String,
        reason: String,
    },
    #[error("{last}; gave up at attempt {attempts}, run the same command again to continue")]
    RetriesExhausted { attempts: u32, last: Box<Error> },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| layer::Error::io(verb, path)(reason).into()
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        layer::Error::from(error).into()
    }
}

/// The result of a failed attempt, with what the retry loop needs.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: Error,
    pub retryable: bool,
    /// The HTTP status, if there was a response.
    pub status: Option<StatusCode>,
    /// The delay that the registry requested.
    pub retry_after: Option<Duration>,
    /// Whether the attempt received enough bytes to reset the retry count.
    pub made_progress: bool,
}

impl From<Error> for Failure {
    /// A permanent failure.
    fn from(error: Error) -> Self {
        Self {
            error,
            retryable: false,
            status: None,
            retry_after: None,
            made_progress: false,
        }
    }
}

impl Failure {
    /// A failure that is retried.
    pub fn transient(error: Error) -> Self {
        Self {
            retryable: true,
            ..error.into()
        }
    }
}
