//! How registries are accessed: with the user's stored credentials, and what the options and the container engines of
//! this machine permit.

use anyhow::Result;
use layer_registry::{HostSettings, Keychain, RegistryImage};

#[derive(clap::Args, Clone, Debug, Default)]
pub struct ConnectionOptions {
    /// Access this registry by plain HTTP, like those of `insecure-registries` in Docker's configuration; may be given
    /// several times. Registries on this machine need no option
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,
}

/// Parses `reference`, and adds the user's stored credentials and the settings for its registry.
pub fn authenticated_image(reference: &str, options: &ConnectionOptions) -> Result<RegistryImage> {
    let mut image = RegistryImage::parse(reference)?;
    let variable = |name: &str| std::env::var_os(name);
    HostSettings::from_environment(&variable).apply(&mut image, &options.plain_http)?;
    let keychain = Keychain::from_environment(&variable);
    image.credentials = keychain.find(image.registry(), image.reference.repository())?;
    Ok(image)
}
