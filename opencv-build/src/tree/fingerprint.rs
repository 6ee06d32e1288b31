//! What decides the content of a source tree, as one fingerprint.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::SourceTree;
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::source::SourceArchive;
use crate::trim::Trim;
use support::fingerprint::{Fingerprint, sha256_of_file};

/// The code that writes the tree.
const CODE: &str = env!("CODE_OF_TREE");

/// The fingerprint of everything that decides what is in the tree.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub(crate) fn of(recipe: &Recipe, pins: &Pins, trim: &Trim) -> Result<Fingerprint> {
    let origins = pins.source(&recipe.version).map(|source| &source.origin);
    let content = match &recipe.source {
        None => serde_json::to_string(&origins)?,
        Some(named) if named.path.is_dir() => trim.digest_of(&named.path)?,
        Some(named) => {
            let digest = sha256_of_file(&named.path)?;
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

impl SourceTree {
    /// The tree of `fingerprint`.
    ///
    /// # Errors
    /// It cannot be written, or the source is no longer the one of `fingerprint`.
    pub(crate) fn of(
        recipe: &Recipe,
        source: &SourceArchive,
        third_party: Option<&SourceArchive>,
        trim: &Trim,
        fingerprint: &Fingerprint,
        work: &Path,
    ) -> Result<Self> {
        let tree = Self::write(source, third_party, trim, fingerprint, work)?;
        let now = of(recipe, &Pins::embedded(), trim)
            .with_context(|| format!("failed to check the {}", source.description()))?;
        if now != *fingerprint {
            tree.forget()?;
            bail!(
                "the {} changed while it was read; run this again",
                source.description()
            );
        }
        Ok(tree)
    }
}
