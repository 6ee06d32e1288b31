//! A client for OCI registries: [`push`] uploads an image's blobs and manifest, and [`pull`] downloads the image of a
//! reference ([`RegistryImage`]) into an OCI image layout. Source:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Registries are not trusted: every digest and every size is verified while bytes arrive, and oversized responses are
//! cut off. Network failures are retried by [`RetryPolicy`], and interrupted downloads resume.
//!
//! All functions block, and must not be called on a thread of an asynchronous runtime. Credentials come from the
//! caller, or from [`Keychain`], which reads the files and helpers of `docker login`, podman and skopeo. The HTTP
//! client takes proxies from the environment and checks certificates against those of the system.
//!
//! ```no_run
//! use layer_registry::{Credentials, RegistryImage, pull};
//!
//! # fn main() -> Result<(), layer_registry::Error> {
//! let mut image = RegistryImage::parse("registry.example.com/team/base:1.0")?;
//! image.credentials = Credentials::Basic {
//!     user: "me".into(),
//!     password: "secret".into(),
//! };
//! let pulled = pull(&image, std::path::Path::new("base"), None, &|event| {
//!     eprintln!("{event:?}");
//! })?;
//! println!("{}", pulled.digest);
//! # Ok(())
//! # }
//! ```

mod blob;
mod credential_helper;
mod credentials;
mod error;
mod layout;
mod manifest;
mod progress;
mod pull;
mod push;
mod registry_image;
mod response_errors;
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
pub use registry_image::{Credentials, RegistryImage};
pub use retry::RetryPolicy;
pub(crate) use session::Session;
pub use upload::Blob;
