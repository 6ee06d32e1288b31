//! The error type of this crate's public functions. Internal functions return `anyhow` errors and mark them with a kind
//! where it is known.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// An error of a build. `{}` prints it without its causes, which [`StdError::source`] returns; `{:#}` and `{:?}` print
/// them too.
pub struct Error {
    kind: ErrorKind,
    cause: anyhow::Error,
}

/// The kind of an [`Error`], by its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The recipe cannot be read or is invalid: correct what the message names.
    Recipe,
    /// The path of a folder has characters that cmake or compilers cannot handle: choose another one.
    Path,
    /// The recipe's local source cannot be read, changed during the build, or has an unexpected digest.
    Source,
    /// Tools or sources could not be fetched: no Python with pip, no network, or not in the package index.
    Download,
    /// The lock file cannot be locked, for another reason than another build holding it.
    Lock,
    /// Reading or writing a file or starting a program failed.
    Io,
    /// A tool or a step of the build failed; the message names the log.
    Step,
}

impl Error {
    /// Keeps the kind with which `cause` is already marked.
    fn new(kind: ErrorKind, cause: anyhow::Error) -> Self {
        let marked = cause.downcast_ref::<Self>().map(Self::kind);
        let refused = || {
            let mut causes = cause.chain();
            causes.any(|error| error.downcast_ref::<io::Error>().is_some())
        };
        let kind = match (marked, kind) {
            (Some(marked), _) => marked,
            (None, ErrorKind::Step) if refused() => ErrorKind::Io,
            (None, kind) => kind,
        };
        Self { kind, cause }
    }

    /// The kind, which determines the remedy.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}

pub(crate) trait WithKind<T> {
    /// Marks the error with `kind` unless it already has one.
    fn with_kind(self, kind: ErrorKind) -> Result<T, Error>;
}

impl<T> WithKind<T> for anyhow::Result<T> {
    fn with_kind(self, kind: ErrorKind) -> Result<T, Error> {
        self.map_err(|cause| Error::new(kind, cause))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn display_contains_every_cause_once() {
        let inside = || -> anyhow::Result<()> {
            Err::<(), _>(anyhow!("no network"))
                .context("failed to download")
                .with_kind(ErrorKind::Download)?;
            Ok(())
        };
        let error = inside().context("failed to build").with_kind(ErrorKind::Step);
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "failed to build");
        let expected = "failed to build: failed to download: no network";
        assert_eq!(format!("{error:#}"), expected);
        assert!(format!("{error:?}").contains("Caused by"), "{error:?}");
        // As a cause in a program's own error.
        let outer = anyhow::Error::from(error).context("failed to start");
        assert_eq!(format!("{outer:#}"), format!("failed to start: {expected}"));
    }

    #[test]
    fn first_error_kind_is_kept() {
        let lock = Err::<(), _>(anyhow!("a")).with_kind(ErrorKind::Lock);
        let passed_on = lock.context("b").context("c").with_kind(ErrorKind::Step);
        assert_eq!(passed_on.unwrap_err().kind(), ErrorKind::Lock);
    }

    #[test]
    fn io_errors_get_kind_io() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let kind = |cause: anyhow::Error| Err::<(), _>(cause).with_kind(ErrorKind::Step).unwrap_err();
        let error = kind(anyhow::Error::from(full).context("failed to write `a`"));
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(kind(anyhow!("cmake failed")).kind(), ErrorKind::Step);
    }
}
