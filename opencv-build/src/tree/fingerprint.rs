//! What decides the content of a source tree, as one fingerprint.

use anyhow::Result;

use crate::error::{ErrorKind, OfKind};
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::trim::Trim;
use support::fingerprint::{Fingerprint, sha256_of_file};

const CODE: &str = env!("CODE_OF_TREE");

/// The fingerprint of everything that decides what is in the tree.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub(crate) fn of(recipe: &Recipe, pins: &Pins, trim: &Trim) -> Result<Fingerprint> {
    let origins = pins.source(&recipe.version).map(|source| &source.origin);
    let content = match &recipe.source {
        None => serde_json::to_string(&origins)?,
        Some(named) if named.path.is_dir() => {
            trim.digest_of(&named.path).of_kind(ErrorKind::Source)?
        }
        Some(named) => {
            let digest = sha256_of_file(&named.path).of_kind(ErrorKind::Source)?;
            let pinned = origins.and_then(|all| all.iter().find(|one| one.sha256 == digest));
            // The pin tells which folder of the archive holds the tree.
            serde_json::to_string(&(&digest, pinned))?
        }
    };
    let newer = trim.takes_third_party().then_some(&pins.third_party);
    Ok(Fingerprint::of([
        ("code", CODE.as_bytes()),
        ("content", content.as_bytes()),
        ("trim", serde_json::to_vec(trim)?.as_slice()),
        ("third party", serde_json::to_vec(&newer)?.as_slice()),
    ]))
}
