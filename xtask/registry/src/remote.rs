//! Which image is meant, with the credentials of this user.

use anyhow::Result;
use layer_registry::{Remote, Stores};

/// The image that `reference` names, with the credentials that are stored for its registry.
pub fn remote(reference: &str) -> Result<Remote> {
    let mut remote = Remote::parse(reference)?;
    let stores = Stores::of(&|variable| std::env::var_os(variable));
    remote.credentials = stores.find(remote.registry(), remote.reference.repository())?;
    Ok(remote)
}
