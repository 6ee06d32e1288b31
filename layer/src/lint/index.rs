//! The rule that an image is one manifest, and not an index.

use oci_spec::image::Descriptor;

use super::finding::{Findings, LintOptions};
use super::rule::Rule;
use crate::index::{Attachment, is_index};
use crate::validate::{NestedIndex, Validation};

/// Checks the index of a source, which messages call `origin`, and those in it.
pub(super) fn lint(origin: &str, examined: &Validation, options: &LintOptions, findings: &mut Findings) {
    let Some(index) = &examined.index else {
        return;
    };
    let entries = index.manifests();
    if entries.is_empty() {
        findings.error(Rule::OneManifest, format!("{origin} has no image"));
    }
    if entries.len() > 1 {
        let content = IndexContent::of(entries);
        let found = content.describe(origin);
        if content.is_one_image() && !options.in_registry {
            findings.note(Rule::OneManifest, found + "; `cargo xtask push` leaves out the others");
        } else {
            findings.error(Rule::OneManifest, found);
        }
    }
    for nested in &examined.nested {
        let origin = format!("{} of {origin}", nested.digest);
        nested_index(&origin, nested, options, findings);
    }
}

fn nested_index(origin: &str, nested: &NestedIndex, options: &LintOptions, findings: &mut Findings) {
    let content = IndexContent::of(&nested.present);
    let found = content.describe(origin);
    match nested.absent {
        0 => findings.error(Rule::OneManifest, found),
        absent if content.is_one_image() && !options.in_registry => {
            let missing = format!("{found}; {absent} others are missing, so `docker push` pushes this one");
            findings.note(Rule::OneManifest, missing);
        }
        absent => findings.error(Rule::OneManifest, format!("{found}; {absent} others are missing")),
    }
}

/// What an index has.
struct IndexContent {
    images: usize,
    /// The known platforms of images.
    platforms: Vec<String>,
    indexes: usize,
    attestations: usize,
    artefacts: usize,
}

impl IndexContent {
    fn of(entries: &[Descriptor]) -> Self {
        let mut content = Self {
            images: 0,
            platforms: Vec::new(),
            indexes: 0,
            attestations: 0,
            artefacts: 0,
        };
        for entry in entries {
            match Attachment::of(entry) {
                Some(Attachment::BuildAttestation) => content.attestations += 1,
                Some(Attachment::Artefact) => content.artefacts += 1,
                None if is_index(entry.media_type()) => content.indexes += 1,
                None => {
                    content.images += 1;
                    let platform = entry.platform().as_ref();
                    let platform = platform.map(|known| format!("{}/{}", known.os(), known.architecture()));
                    content.platforms.extend(platform);
                }
            }
        }
        content
    }

    fn is_one_image(&self) -> bool {
        self.images == 1 && self.indexes == 0 && self.attestations == 0
    }

    fn describe(&self, origin: &str) -> String {
        let platforms = match self.platforms.is_empty() {
            true => String::new(),
            false => format!(" ({})", self.platforms.join(", ")),
        };
        let parts = [
            (self.images, "image", platforms.as_str()),
            (self.indexes, "index", ""),
            (self.attestations, "build attestation", ""),
            (self.artefacts, "artefact", ""),
        ];
        let parts = parts.iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, name, rest)| {
                let plural = match (count, *name) {
                    (1, _) => "",
                    (_, "index") => "es",
                    _ => "s",
                };
                format!("{count} {name}{plural}{rest}")
            })
            .collect();
        let found = format!("{origin} is an index of {}", parts.join(" and "));
        match self.attestations {
            0 => found,
            _ => found + "; `docker buildx build` adds attestations unless it has `--provenance=false`",
        }
    }
}
