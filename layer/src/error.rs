//! The errors of this crate. Names in artefacts can contain anything, such as sequences that change a terminal's
//! colours, so messages have no control characters.

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
    /// It may have several lines.
    #[error("{}", .0.split('\n').map(escape_control_characters).collect::<Vec<_>>().join("\n"))]
    Other(String),
    #[error("{} is damaged: {}", escape_control_characters(.origin), escape_control_characters(.reason))]
    Damaged { origin: String, reason: String },
    #[error(
        "{} was refused because of its entry `{}`: {}",
        escape_control_characters(.origin),
        escape_control_characters(.entry),
        escape_control_characters(.reason)
    )]
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

pub(crate) fn escape_control_characters(text: &str) -> String {
    let escape = |c: char| {
        if c.is_control() {
            c.escape_default().collect()
        } else {
            c.to_string()
        }
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_control_characters() {
        let name = "\u{1b}[31mcaf\u{e9}\r".to_owned();
        let rejected = Error::RejectedEntry {
            origin: "a".to_owned(),
            entry: name.clone(),
            reason: "b".to_owned(),
        };
        for error in [Error::Other(name.clone()), Error::damaged("a", &name), rejected] {
            let message = error.to_string();
            assert!(message.contains("\\u{1b}[31mcaf\u{e9}\\r"), "{message}");
        }
    }
}
