//! What the public functions of this crate fail with. Its inside passes on `anyhow`'s errors, and marks one by its kind
//! where that is known; what leaves the crate is an [`Error`].

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What failed, where, why, and what to do: shown with `{}` without its causes, which [`StdError::source`] has, and with
/// `{:#}` or `{:?}` with them.
pub struct Error {
    kind: ErrorKind,
    cause: anyhow::Error,
}

/// What a program could do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A recipe or a part of one cannot be read, or asks for what does not exist: correct what the text names.
    Recipe,
    /// cmake and compilers cannot work in a folder of this name: choose another one.
    Path,
    /// The source that the recipe names cannot be read, changed meanwhile, or is not the one that it should be.
    Source,
    /// Tools or sources could not be fetched: there is no Python with pip, no network, or the package index lacks them.
    Download,
    /// The lock that keeps builds apart cannot be taken, which is not because another build has it.
    Lock,
    /// The operating system refused to read or write a file or to start a program.
    Io,
    /// A tool or a step of the build failed; the text names the log.
    Step,
}

impl Error {
    /// `cause` as one of `kind`, unless it is marked as one of another.
    fn new(kind: ErrorKind, cause: anyhow::Error) -> Self {
        let marked = cause.downcast_ref::<Self>().map(Self::kind);
        let refused = || cause.chain().any(|error| error.is::<io::Error>());
        let kind = match (marked, kind) {
            (Some(marked), _) => marked,
            (None, ErrorKind::Step) if refused() => ErrorKind::Io,
            (None, kind) => kind,
        };
        Self { kind, cause }
    }

    /// What could be done about it.
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
    /// The same result, whose failure is one of `kind` unless it was marked before.
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
        let error = inside()
            .context("failed to build")
            .with_kind(ErrorKind::Step);
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "failed to build");
        let expected = "failed to build: failed to download: no network";
        assert_eq!(format!("{error:#}"), expected);
        assert!(format!("{error:?}").contains("Caused by"), "{error:?}");
        // As a program shows it that puts it below errors of its own.
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
        let kind =
            |cause: anyhow::Error| Err::<(), _>(cause).with_kind(ErrorKind::Step).unwrap_err();
        let error = kind(anyhow::Error::from(full).context("failed to write `a`"));
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(kind(anyhow!("cmake failed")).kind(), ErrorKind::Step);
    }
}
