//! The errors of this crate.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the variants")]
pub enum Error {
    /// A file or folder cannot be read or written. The message of `fs-err` names it.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Like [`Error::File`], for operations without `fs-err`.
    #[error("failed to {verb} `{path}`: {reason}")]
    Io {
        verb: &'static str,
        path: PathBuf,
        reason: io::Error,
    },
    #[error("{0}")]
    Other(String),
    #[error("{origin} is damaged: {reason}")]
    Damaged { origin: String, reason: String },
    #[error("{origin} was refused because of its entry `{entry}`: {reason}")]
    RejectedEntry {
        origin: String,
        entry: String,
        reason: String,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Adds the operation and the path to an I/O error.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Io {
            verb,
            path: path.to_owned(),
            reason,
        }
    }

    /// `origin` is the name of the damaged artefact.
    #[expect(clippy::needless_pass_by_value, reason = "callers give away messages and errors")]
    pub fn damaged(origin: &str, reason: impl ToString) -> Self {
        Self::Damaged {
            origin: origin.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn missing(origin: &str, what: impl Display) -> Self {
        Self::Other(format!("{origin} has no {what}"))
    }
}
