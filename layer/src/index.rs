//! The index of a layout or of a multi-platform image. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>.

use std::collections::BTreeSet;

use oci_spec::image::{Arch, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, Os};

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

/// Whether an entry is a build attestation instead of an image.
pub(crate) fn is_attestation(entry: &Descriptor) -> bool {
    let unknown = |platform: &oci_spec::image::Platform| *platform.architecture() == Arch::Other("unknown".to_owned());
    let noted = |notes: &std::collections::HashMap<String, String>| notes.contains_key("vnd.docker.reference.type");
    entry.platform().as_ref().is_some_and(unknown) || entry.annotations().as_ref().is_some_and(noted)
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
    fn attestations_are_recognized() {
        assert!(is_attestation(&entry(Arch::Other("unknown".into()))));
        assert!(!is_attestation(&entry(Arch::Amd64)));
    }
}
