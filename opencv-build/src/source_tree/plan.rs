//! A source tree before it is downloaded: its content is determined, and so is its fingerprint.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::SourceTree;
use crate::error::{ErrorKind, WithKind};
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::source::SourceArchive;
use crate::toolchain::Toolchain;
use crate::trim::Trim;
use support::files::remove_if_exists;
use support::fingerprint::{Fingerprint, sha256_of_file};

const CODE_DIGEST: &str = env!("SOURCE_TREE_CODE_DIGEST");

pub(crate) struct TreePlan<'a> {
    recipe: &'a Recipe,
    pins: &'a Pins,
    trim: Trim,
    pub(crate) fingerprint: Fingerprint,
}

impl<'a> TreePlan<'a> {
    pub(crate) fn new(recipe: &'a Recipe, pins: &'a Pins, trim: Trim) -> Result<Self> {
        let fingerprint = fingerprint(recipe, pins, &trim)?;
        Ok(Self {
            recipe,
            pins,
            trim,
            fingerprint,
        })
    }

    /// Writes the tree in the folder `work`; downloads its sources to `downloads` if necessary.
    ///
    /// # Errors
    /// A source cannot be downloaded or read, the tree cannot be written, or a local source has changed since the
    /// fingerprint was computed.
    pub(crate) fn write(&self, toolchain: &Toolchain, downloads: &Path, work: &Path) -> Result<SourceTree> {
        let (recipe, pins, trim) = (self.recipe, self.pins, &self.trim);
        let source = SourceArchive::fetch(recipe, pins, toolchain, downloads)?;
        let third_party = || SourceArchive::fetch_third_party(pins, toolchain, downloads);
        let third_party = trim.uses_third_party().then(third_party).transpose()?;
        let newer = third_party.as_ref();
        let tree = SourceTree::write(&source, newer, trim, &self.fingerprint, work)?;
        let now =
            fingerprint(recipe, pins, trim).with_context(|| format!("failed to check the {}", source.description))?;
        if now == self.fingerprint {
            return Ok(tree);
        }
        // The next build must compare every file again.
        remove_if_exists(&tree.path.with_extension("fingerprint"))?;
        let changed = anyhow!(
            "the {} changed while it was read; run the build again",
            source.description
        );
        Ok(Err(changed).with_kind(ErrorKind::Source)?)
    }
}

pub(crate) fn fingerprint(recipe: &Recipe, pins: &Pins, trim: &Trim) -> Result<Fingerprint> {
    let origins = pins.source(&recipe.version).map(|source| &source.origin);
    let content = match &recipe.source {
        None => serde_json::to_string(&origins)?,
        Some(named) if named.path.is_dir() => trim.digest_folder(&named.path).with_kind(ErrorKind::Source)?,
        Some(named) => {
            let digest = sha256_of_file(&named.path).with_kind(ErrorKind::Source)?;
            let pinned = origins.and_then(|all| all.iter().find(|one| one.sha256 == digest));
            // The pin contains the folder of the source tree in the archive.
            serde_json::to_string(&(&digest, pinned))?
        }
    };
    let newer = trim.uses_third_party().then_some(&pins.third_party);
    Ok(Fingerprint::of([
        ("code", CODE_DIGEST.as_bytes()),
        ("content", content.as_bytes()),
        ("trim", serde_json::to_vec(trim)?.as_slice()),
        ("third party", serde_json::to_vec(&newer)?.as_slice()),
    ]))
}
