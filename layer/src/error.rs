//! What can go wrong, with what, where and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Architecture, GlibcVersion, Processor};

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
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
    /// Two sources have the same path in an image.
    #[error("`{path}` comes twice, from {first} and from {second}; leave one out")]
    Duplicate {
        path: String,
        first: String,
        second: String,
    },
    /// A path that an image cannot have.
    #[error("`{path}` is no path inside an image; {advice}")]
    Path { path: String, advice: &'static str },
    /// Something that is no file and no folder.
    #[error("`{path}` is neither a file nor a folder; leave it out")]
    Special { path: PathBuf },
    /// A file that is no program or library for Linux.
    #[error("failed to read `{path}` as an ELF file: {reason}")]
    NoElf { path: PathBuf, reason: String },
    /// A program for another processor.
    #[error("`{path}` is for {found}, not for {wanted}")]
    Machine {
        path: PathBuf,
        found: Processor,
        wanted: Architecture,
    },
    /// A program that needs a newer glibc than it may.
    #[error(
        "`{path}` needs glibc {needed} (symbol version {symbol}), but must run on {floor}; link \
         it with the SDK's compiler"
    )]
    Floor {
        path: PathBuf,
        needed: GlibcVersion,
        symbol: String,
        floor: GlibcVersion,
    },
    /// A program that needs something of glibc whose release cannot be told.
    #[error(
        "`{path}` needs {symbol} of glibc, which no release of it promises; link it with the SDK's \
         compiler and without -z pack-relative-relocs"
    )]
    SymbolVersion { path: PathBuf, symbol: String },
    /// A program that needs a library which Lambda does not have.
    #[error("`{path}` needs the shared library {library}; link it statically")]
    Library { path: PathBuf, library: String },
    /// A program that was not hardened.
    #[error(
        "`{path}` is not hardened:{lacks}\nBuild it with the SDK's compiler, which does all of that"
    )]
    Soft { path: PathBuf, lacks: String },
    /// A library of glibc that this machine does not have.
    #[error("no {library} for {architecture} on this machine; looked in {folders}. {advice}")]
    NoLibrary {
        library: String,
        architecture: Architecture,
        folders: String,
        advice: String,
    },
    /// A program that an image's base cannot run.
    #[error("`{path}` cannot run on the base {base}: {reason}")]
    Base {
        path: PathBuf,
        base: String,
        reason: String,
    },
    /// No SHA-256 as OCI writes it.
    #[error("`{text}` is no digest; one is `sha256:` and 64 hexadecimal digits")]
    Digest { text: String },
    /// A document or blob that is not there.
    #[error("{origin} has no {what}")]
    Missing { origin: String, what: String },
    /// An artefact whose parts do not fit, or that cannot be read to its end.
    #[error("{origin} is damaged: {reason}")]
    Damaged { origin: String, reason: String },
    /// An artefact that would do harm where it is unpacked or read.
    #[error("{origin} was refused because of its entry `{entry}`: {reason}")]
    Hostile {
        origin: String,
        entry: String,
        reason: String,
    },
    /// A time that no document can have.
    #[error("{seconds} s after 1970 is after the year 9999")]
    Time { seconds: u64 },
    /// A document that cannot be written.
    #[error("failed to write the image's {document}: {reason}")]
    Document {
        document: &'static str,
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

    pub(crate) fn missing(origin: &str, what: impl ToString) -> Self {
        Self::Missing {
            origin: origin.to_owned(),
            what: what.to_string(),
        }
    }
}
