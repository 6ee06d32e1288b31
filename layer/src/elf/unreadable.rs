//! Why a file cannot be read as an ELF file.

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Object(#[from] object::Error),
    #[error("{0}")]
    Form(&'static str),
}
