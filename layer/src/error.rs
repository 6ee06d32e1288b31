//! What can go wrong, with what, where and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Architecture, GlibcVersion, Processor};

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read or written, as `fs-err` tells it: what was tried, with which, and why it failed.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The same where the system says no more than why.
    #[error("failed to {verb} `{path}`: {reason}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        reason: io::Error,
    },
    /// Two sources have the same path in an image.
    #[error("`{path}` comes twice, from {first} and from {second}; leave one out")]
    Duplicate {
        /// The path.
        path: String,
        /// Where it came from first.
        first: String,
        /// Where it came from again.
        second: String,
    },
    /// A path that an image cannot have.
    #[error("`{path}` is no path inside an image; {advice}")]
    Path {
        /// The path.
        path: String,
        /// What a path must be.
        advice: &'static str,
    },
    /// Something that is no file and no folder.
    #[error("`{path}` is neither a file nor a folder; leave it out")]
    Special {
        /// Where it is.
        path: PathBuf,
    },
    /// A file that is no program or library for Linux.
    #[error("failed to read `{path}` as an ELF file: {reason}")]
    NoElf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A program for another processor.
    #[error("`{path}` is for {found}, not for {wanted}")]
    Machine {
        /// The program.
        path: PathBuf,
        /// Its processor.
        found: Processor,
        /// The one that is wanted.
        wanted: Architecture,
    },
    /// A program that needs a newer glibc than it may.
    #[error(
        "`{path}` needs glibc {needed} (symbol version {symbol}), but must run on {floor}; link \
         it with the SDK's compiler"
    )]
    Floor {
        /// The program.
        path: PathBuf,
        /// The glibc that it needs.
        needed: GlibcVersion,
        /// The symbol version that says so.
        symbol: String,
        /// The glibc that it must run on.
        floor: GlibcVersion,
    },
    /// A program that needs something of glibc whose release cannot be told.
    #[error(
        "`{path}` needs {symbol} of glibc, which no release of it promises; link it with the SDK's \
         compiler and without -z pack-relative-relocs"
    )]
    SymbolVersion {
        /// The program.
        path: PathBuf,
        /// The symbol version.
        symbol: String,
    },
    /// A program that needs a library which Lambda does not have.
    #[error("`{path}` needs the shared library {library}; link it statically")]
    Library {
        /// The program.
        path: PathBuf,
        /// The library.
        library: String,
    },
    /// A program that was not hardened.
    #[error(
        "`{path}` is not hardened:{lacks}\nBuild it with the SDK's compiler, which does all of that"
    )]
    Soft {
        /// The program.
        path: PathBuf,
        /// What is missing, each on a line with what to do.
        lacks: String,
    },
    /// A library of glibc that this machine does not have.
    #[error("no {library} for {architecture} on this machine; looked in {folders}. {advice}")]
    NoLibrary {
        /// The library.
        library: String,
        /// The processor.
        architecture: Architecture,
        /// Where it was looked for.
        folders: String,
        /// How to get it.
        advice: String,
    },
    /// A program that an image's base cannot run.
    #[error("`{path}` cannot run on the base {base}: {reason}")]
    Base {
        /// The program.
        path: PathBuf,
        /// The base.
        base: String,
        /// What the base lacks, and what to do.
        reason: String,
    },
    /// No SHA-256 as OCI writes it.
    #[error("`{text}` is no digest; one is `sha256:` and 64 hexadecimal digits")]
    Digest {
        /// What is there instead.
        text: String,
    },
    /// A document or blob that is not there.
    #[error("{origin} has no {what}")]
    Missing {
        /// The layout, archive or zip.
        origin: String,
        /// What is missing.
        what: String,
    },
    /// An artefact whose parts do not fit, or that cannot be read to its end.
    #[error("{origin} is damaged: {reason}")]
    Damaged {
        /// The layout, archive, zip or layer.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// An artefact that would do harm where it is unpacked or read.
    #[error("{origin} was refused because of its entry `{entry}`: {reason}")]
    Hostile {
        /// The layout, archive, zip or layer.
        origin: String,
        /// The entry, its path shortened.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A time that no document can have.
    #[error("{seconds} s after 1970 is after the year 9999")]
    Time {
        /// The time, in seconds since 1970.
        seconds: u64,
    },
    /// A document that cannot be written.
    #[error("failed to write the image's {document}: {reason}")]
    Document {
        /// Which document.
        document: &'static str,
        /// Why.
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
