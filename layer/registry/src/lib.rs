//! Registries: an image's blobs and its manifest go in and are [pushed](push) to one; or a
//! [reference](Remote) goes in, and the image that it names is [pulled](pull) into a folder in the
//! OCI image layout. Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Nothing that a registry says is believed: every digest and every size is compared while bytes
//! pass, and what is longer than it may be is cut off. What the network breaks is tried again, as
//! [`RetryPolicy`] says, and what was fetched before a break is not fetched again.
//!
//! All functions block until they are done, and none may be called on a thread of an asynchronous
//! runtime. Credentials are the caller's to give, or are found in [`Keychain`], the
//! files and helpers of `docker login` and its like. Proxies are taken from the environment by the HTTP client, and certificates are checked against those of the system.
//!
//! ```no_run
//! use layer_registry::{Credentials, Remote, pull};
//!
//! # fn main() -> Result<(), layer_registry::Error> {
//! let mut remote = Remote::parse("registry.example.com/team/base:1.0")?;
//! remote.credentials = Credentials::Basic {
//!     user: "me".into(),
//!     password: "secret".into(),
//! };
//! let pulled = pull(&remote, std::path::Path::new("base"), None, &|event| {
//!     eprintln!("{event:?}");
//! })?;
//! println!("{}", pulled.digest);
//! # Ok(())
//! # }
//! ```

mod blob;
mod classify;
mod credential_helper;
mod credentials;
mod error;
mod layout;
mod manifest;
mod progress;
mod pull;
mod push;
mod remote;
mod retry;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod upload;

pub use credentials::Keychain;
pub(crate) use error::Failure;
pub use error::{Error, Result};
pub use layout::push_layout;
pub use progress::ProgressEvent;
pub(crate) use progress::{ProgressCallback, ProgressMeter};
pub use pull::{PulledImage, pull, resolve};
pub use push::push;
pub use remote::{Credentials, Remote};
pub use retry::RetryPolicy;
pub(crate) use session::Session;
pub use upload::Blob;
