//! The index of a layout or of a multi-platform image. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>.

use std::collections::BTreeSet;
use std::fmt;

use oci_spec::image::{Arch, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, Os, Platform};

use crate::document::{build_error, canonical_json, parse};
use crate::{Architecture, Error, Result};

/// An index of images.
#[derive(Clone, Debug)]
pub struct Index(ImageIndex);

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl Index {
    pub fn new(manifests: Vec<Descriptor>) -> Result<Self> {
        let index = ImageIndexBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageIndex)
            .manifests(manifests)
            .build();
        Ok(Self(index.map_err(build_error("index"))?))
    }

    /// Parses an index, whose source errors call `origin`.
    pub fn parse(origin: &str, bytes: &[u8]) -> Result<Self> {
        let index: ImageIndex = parse(origin, "index", bytes)?;
        if index.schema_version() != 2 {
            let version = index.schema_version();
            let reason = format!("its index has the schema version {version}, not 2");
            return Err(Error::damaged(origin, reason));
        }
        Ok(Self(index))
    }

    /// Equal indexes have the same bytes.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        canonical_json(&self.0)
    }

    pub fn manifests(&self) -> &[Descriptor] {
        self.0.manifests()
    }

    /// The only entry, or else the one for Linux on `architecture`.
    ///
    /// # Errors
    /// The index has no such entry; the error lists the available platforms.
    pub fn select_platform(&self, origin: &str, architecture: Architecture) -> Result<&Descriptor> {
        if let [only] = self.manifests() {
            return Ok(only);
        }
        let position = find_platform(self.manifests().iter(), architecture);
        let position = position.map_err(|available| {
            let available = match available.as_str() {
                "" => "no image with a platform",
                available => available,
            };
            let wanted = architecture.goarch();
            Error::missing(origin, format!("image for linux/{wanted}; it has {available}"))
        })?;
        Ok(&self.manifests()[position])
    }
}

/// The position of the entry for Linux on `architecture`, or else the list of available platforms.
pub fn find_platform<'a>(
    entries: impl Iterator<Item = &'a Descriptor>,
    architecture: Architecture,
) -> Result<usize, String> {
    let wanted = Arch::from(architecture.goarch());
    let mut available = BTreeSet::new();
    for (position, entry) in entries.enumerate() {
        if let Some(platform) = entry.platform() {
            if *platform.os() == Os::Linux && *platform.architecture() == wanted {
                return Ok(position);
            }
            available.insert(format!("{}/{}", platform.os(), platform.architecture()));
        }
    }
    Err(Vec::from_iter(available).join(", "))
}

/// The maximum depth of nested indexes.
pub(crate) const MAX_INDEX_DEPTH: usize = 4;

pub(crate) fn is_index(kind: &MediaType) -> bool {
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    *kind == MediaType::ImageIndex || kind.to_string() == list
}

/// What an entry of an index has besides images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// What BuildKit writes about a build. Source:
    /// <https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md>.
    BuildAttestation,
    /// An artefact about an image, such as a signature or an SBOM.
    Artefact,
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuildAttestation => "build attestation",
            Self::Artefact => "artefact",
        })
    }
}

impl Attachment {
    /// None for images and indexes.
    pub(crate) fn of(entry: &Descriptor) -> Option<Self> {
        let note = |key| {
            let notes = entry.annotations().as_ref()?;
            notes.get(key).map(String::as_str)
        };
        let is_unknown = |platform: &Platform| *platform.architecture() == Arch::Other("unknown".to_owned());
        if entry.platform().as_ref().is_some_and(is_unknown) || note("vnd.docker.reference.type").is_some() {
            return Some(Self::BuildAttestation);
        }
        // Lists of referrers give images the media type of their configuration.
        let is_image = |kind: &MediaType| {
            let kind = kind.to_string();
            ["application/vnd.oci.image.", "application/vnd.docker."]
                .iter()
                .any(|family| kind.starts_with(family))
        };
        let is_artefact = entry.artifact_type().as_ref().is_some_and(|kind| !is_image(kind));
        // `cosign save` marks signatures, attestations and SBOMs so.
        let from_cosign = note("kind").and_then(|kind| kind.strip_prefix("dev.cosignproject.cosign/"));
        let is_attached = from_cosign.is_some_and(|kind| !kind.starts_with("image"));
        (is_artefact || is_attached).then_some(Self::Artefact)
    }
}

#[cfg(test)]
mod tests {
    use oci_spec::image::PlatformBuilder;

    use super::*;
    use crate::Digest;
    use crate::document::descriptor;

    fn entry(architecture: Arch) -> Descriptor {
        let digest = Digest::of(architecture.to_string().as_bytes());
        let mut entry = descriptor(MediaType::ImageManifest, &digest, 1).unwrap();
        let platform = PlatformBuilder::default().os(Os::Linux).architecture(architecture);
        entry.set_platform(Some(platform.build().unwrap()));
        entry
    }

    #[test]
    fn platform_is_selected_or_the_available_ones_are_listed() {
        let index = Index::new(vec![entry(Arch::RISCV64), entry(Arch::ARM64)]).unwrap();
        let index = Index::parse("x", &index.to_json().unwrap()).unwrap();
        let chosen = index.select_platform("x", Architecture::Aarch64).unwrap();
        assert_eq!(chosen, &index.manifests()[1]);
        let error = index.select_platform("the layout `x`", Architecture::X86_64);
        let error = error.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("`x` has no image for linux/amd64"), "{error}");
        assert!(error.contains("linux/arm64, linux/riscv64"), "{error}");
    }

    #[test]
    fn invalid_index_is_rejected() {
        for text in ["", "{}", "[]", r#"{"schemaVersion":1,"manifests":[]}"#] {
            assert!(Index::parse("x", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn attachments_are_recognized() {
        let unknown = entry(Arch::Other("unknown".into()));
        assert_eq!(Attachment::of(&unknown), Some(Attachment::BuildAttestation));
        let annotated = |key: &str, value: &str| {
            let mut entry = entry(Arch::Amd64);
            entry.set_annotations(Some([(key.to_owned(), value.to_owned())].into()));
            Attachment::of(&entry)
        };
        let key = "vnd.docker.reference.type";
        assert_eq!(
            annotated(key, "attestation-manifest"),
            Some(Attachment::BuildAttestation)
        );
        let cosign = |kind: &str| annotated("kind", &format!("dev.cosignproject.cosign/{kind}"));
        assert_eq!(cosign("sigs"), Some(Attachment::Artefact));
        assert_eq!([cosign("image"), cosign("imageIndex"), annotated("a", "b")], [None; 3]);
        let typed = |kind: &str| {
            let mut entry = entry(Arch::Amd64);
            entry.set_artifact_type(Some(kind.into()));
            Attachment::of(&entry)
        };
        assert_eq!(typed("application/spdx+json"), Some(Attachment::Artefact));
        assert_eq!(typed("application/vnd.oci.image.config.v1+json"), None);
        assert_eq!(Attachment::of(&entry(Arch::Amd64)), None);
    }
}
