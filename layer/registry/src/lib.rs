//! A client for OCI registries: [`push_layout`] uploads the image of an OCI image layout, and [`pull`] downloads the
//! image of a reference ([`RegistryImage`]) into one. [`pull_artefact`] downloads other artefacts. Source:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Registries are not trusted: every digest and every size is verified while bytes arrive, and oversized responses are
//! cut off. Network failures are retried by [`RetryPolicy`], and interrupted downloads resume.
//!
//! All functions block, and must not be called on a thread of an asynchronous runtime. Credentials come from the
//! caller, or from [`Keychain`], which reads the files and helpers of `docker login`, podman and skopeo. Plain HTTP and
//! certificates likewise come from the caller, or from [`HostSettings`], which reads the configuration of Docker and
//! podman. The HTTP client takes proxies from the environment, and trusts the authorities of the system or those in
//! the file of `SSL_CERT_FILE`.
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

mod artefact;
mod blob;
mod certificates;
mod challenge;
mod client;
mod connection_errors;
mod credential_helper;
mod credentials;
mod error;
mod host;
mod host_list;
mod host_settings;
mod layout;
mod manifest;
mod podman_registries;
mod progress;
mod proxies;
mod pull;
mod push;
mod reference;
mod registry_image;
mod remedies;
mod response_errors;
mod retry;
mod scheme;
mod scheme_detection;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod upload;
mod upload_body;

pub use artefact::pull_artefact;
pub use certificates::Certificates;
pub use credentials::Keychain;
pub(crate) use error::Failure;
pub use error::{Error, Result};
pub use host_settings::HostSettings;
pub use layout::{push_index, push_layout};
pub use progress::ProgressEvent;
pub(crate) use progress::{ProgressCallback, ProgressMeter};
pub use pull::{PulledImage, pull, resolve};
pub use registry_image::{Credentials, RegistryImage};
pub use retry::RetryPolicy;
pub use scheme::Transport;
pub(crate) use session::Session;
