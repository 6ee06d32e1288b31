//! Registries: an image's blobs and its manifest go in and are [pushed](push) to one; or a
//! [reference](Remote) goes in, and the image that it names is [pulled](pull) into a folder in the
//! OCI image layout. Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Nothing that a registry says is believed: every digest and every size is compared while bytes
//! pass, and what is longer than it may be is cut off. What the network breaks is tried again, as
//! [`Patience`] says, and what was fetched before a break is not fetched again.
//!
//! All functions block until they are done, and none may be called on a thread of an asynchronous
//! runtime. Credentials are the caller's to give, or are found in [`Stores`], the
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

#![expect(missing_docs, reason = "names that say all need no comment here")]

mod blob;
mod credentials;
mod error;
mod helper;
mod judge;
mod layout;
mod manifest;
mod patience;
mod pull;
mod push;
mod remote;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod upload;
mod watch;

pub use credentials::Stores;
pub(crate) use error::Failure;
pub use error::{Error, Result};
pub use layout::push_layout;
pub use patience::Patience;
pub use pull::{Pulled, pull, resolve};
pub use push::push;
pub use remote::{Credentials, Remote};
pub(crate) use session::Session;
pub use upload::Blob;
pub use watch::Event;
pub(crate) use watch::{Meter, Watch};
