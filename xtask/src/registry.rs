//! Registries as the command line uses them: a reference goes in, and the registry with this
//! user's credentials for it comes out; also a whole layout, pushed. How a registry is spoken to
//! is the crate `layer`'s affair.

mod credentials;
mod helper;
mod layout;
mod progress;

use anyhow::{Context, Result};
use layer::registry::Remote;

pub use layout::{push_layout, push_layout_to};
pub use progress::Progress;

use credentials::Stores;

/// The image that `reference` names, with the credentials that are stored for its registry.
pub fn remote(reference: &str) -> Result<Remote> {
    let mut remote = Remote::parse(reference)?;
    let stores = Stores::of(&|variable| std::env::var_os(variable));
    let (registry, repository) = (remote.registry(), remote.reference.repository());
    let found = stores.find(registry, repository);
    remote.credentials =
        found.with_context(|| format!("failed to look up credentials for {registry}"))?;
    Ok(remote)
}
