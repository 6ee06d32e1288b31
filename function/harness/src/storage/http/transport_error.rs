//! Failures of connections.

use std::error::Error;

/// Why a response is missing or incomplete, without URLs, which can contain secrets.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection can be opened with these settings.
    #[error("{0}")]
    Configuration(String),
    #[error("{0}")]
    Connection(String),
}

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
