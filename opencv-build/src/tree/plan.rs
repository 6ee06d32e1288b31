//! A source tree before anything of it is fetched: what is to be in it is known, and so is its fingerprint.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::{SourceTree, fingerprint};
use crate::error::{ErrorKind, OfKind};
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::source::SourceArchive;
use crate::toolchain::Toolchain;
use crate::trim::Trim;
use support::fingerprint::Fingerprint;

/// Whose sources are taken, and what of them.
pub(crate) struct TreePlan<'a> {
    recipe: &'a Recipe,
    pins: &'a Pins,
    trim: Trim,
    fingerprint: Fingerprint,
}

impl<'a> TreePlan<'a> {
    /// The tree of the recipe's source that `trim` leaves.
    ///
    /// # Errors
    /// The source that the recipe names cannot be read.
    pub(crate) fn new(recipe: &'a Recipe, pins: &'a Pins, trim: Trim) -> Result<Self> {
        let fingerprint = fingerprint::of(recipe, pins, &trim)?;
        Ok(Self {
            recipe,
            pins,
            trim,
            fingerprint,
        })
    }

    /// Of everything that decides what is in the tree.
    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The tree in the folder `work`, whose sources are fetched into `downloads` if need be.
    ///
    /// # Errors
    /// A source cannot be fetched or read, or the tree cannot be written; or the source is no longer the one of the
    /// fingerprint.
    pub(crate) fn write(
        &self,
        toolchain: &Toolchain,
        downloads: &Path,
        work: &Path,
    ) -> Result<SourceTree> {
        let (recipe, pins, trim) = (self.recipe, self.pins, &self.trim);
        let source = SourceArchive::fetch(recipe, pins, toolchain, downloads)?;
        let third_party = || SourceArchive::third_party(pins, toolchain, downloads);
        let third_party = trim.takes_third_party().then(third_party).transpose()?;
        let newer = third_party.as_ref();
        let tree = SourceTree::write(&source, newer, trim, &self.fingerprint, work)?;
        let now = fingerprint::of(recipe, pins, trim)
            .with_context(|| format!("failed to check the {}", source.description()))?;
        if now == self.fingerprint {
            return Ok(tree);
        }
        tree.forget()?;
        let changed = anyhow!(
            "the {} changed while it was read; run this again",
            source.description()
        );
        Ok(Err(changed).of_kind(ErrorKind::Source)?)
    }
}
