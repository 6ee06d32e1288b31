//! Failures of connections.

use std::error::Error;

/// Why a response is missing or incomplete, without URLs, which can contain secrets.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub(super) String);

/// An error with its causes.
pub(super) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
