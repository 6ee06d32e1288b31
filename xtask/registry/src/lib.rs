//! Pushes and pulls for the command line: with the user's credentials, and with progress on stderr.

mod base;
mod connection;
mod index;
mod progress;
pub mod pull;
pub mod push;
pub mod sdk;

pub use base::pull_base;
pub use connection::{ConnectionOptions, authenticated_image};
pub use index::push_index;
pub use progress::Progress;
