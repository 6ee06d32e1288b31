//! What can go wrong between this machine and a registry, with what to do. No variant holds a
//! credential, and none holds an address beyond the registry's name: addresses that registries
//! send people on to are signed.

use std::io;
use std::path::Path;
use std::time::Duration;

use layer::Digest;
use reqwest::StatusCode;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What nobody needs to tell apart.
    #[error("{0}")]
    Other(String),
    /// A file cannot be read or written, or a layout is damaged.
    #[error(transparent)]
    Layer(#[from] layer::Error),
    #[error(
        "{registry} refuses access to {repository} ({response}){credentials}; `docker login {registry}` \
         stores credentials for it, for Amazon's registry `aws ecr get-login-password | docker \
         login --username AWS --password-stdin {registry}`"
    )]
    Unauthorized {
        registry: String,
        repository: String,
        response: String,
        credentials: &'static str,
    },
    #[error(
        "{registry} lies: its {what} has the digest {found}, not {expected}; nothing of it is kept"
    )]
    DigestMismatch {
        registry: String,
        what: String,
        expected: Digest,
        found: Digest,
    },
    #[error("{registry} lies: its {what} has {found} bytes, not {expected}; nothing of it is kept")]
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
    #[error(
        "the connection to {registry} broke after {done} of {total} bytes of {what}: {reason}; \
         the same command again goes on there"
    )]
    Interrupted {
        registry: String,
        what: String,
        done: u64,
        total: u64,
        reason: String,
    },
    #[error("{registry} answers {what} with something else: {reason}")]
    InvalidResponse {
        registry: String,
        what: String,
        reason: String,
    },
    #[error("{last}; gave up at try {attempts}")]
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

/// A failed try, and whether there is a point in another one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: Error,
    pub retryable: bool,
    /// The status of the answer that says so.
    pub status: Option<StatusCode>,
    /// How long the registry asked to wait.
    pub retry_after: Option<Duration>,
    /// Whether the try brought enough to begin counting tries anew.
    pub made_progress: bool,
}

impl From<Error> for Failure {
    /// One that no other try will mend.
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
    /// One that another try may mend.
    pub fn transient(error: Error) -> Self {
        Self {
            retryable: true,
            ..error.into()
        }
    }
}
