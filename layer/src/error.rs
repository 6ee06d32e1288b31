//! What can go wrong, with what, where and what to do.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum Error {
    /// A file or folder cannot be read or written, as `fs-err` tells it: what was tried, with which, and why it failed.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The same where the system says no more than why.
    #[error("failed to {verb} `{path}`: {reason}")]
    Io {
        verb: &'static str,
        path: PathBuf,
        reason: io::Error,
    },
    /// What nobody needs to tell apart.
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

/// The crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// How an error of the file system becomes ours: what was tried, and with which file.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Io {
            verb,
            path: path.to_owned(),
            reason,
        }
    }

    /// An artefact that is called `origin` is damaged.
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
