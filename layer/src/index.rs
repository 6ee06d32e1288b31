//! The list of images in a layout, or of one image for several processors. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>.

use std::collections::BTreeSet;

use oci_spec::image::{Arch, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, Os};

use crate::document::{canonical, parse, unbuilt};
use crate::{Architecture, Error, Result};

/// Images by their descriptors.
#[derive(Clone, Debug)]
pub struct Index(ImageIndex);

#[expect(missing_docs, reason = "names that say all need no comment here")]
impl Index {
    pub fn of(manifests: Vec<Descriptor>) -> Result<Self> {
        let index = ImageIndexBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageIndex)
            .manifests(manifests)
            .build();
        Ok(Self(index.map_err(unbuilt("index"))?))
    }

    /// Reads the index of `origin`.
    pub fn parse(origin: &str, bytes: &[u8]) -> Result<Self> {
        let index: ImageIndex = parse(origin, "index", bytes)?;
        if index.schema_version() != 2 {
            let reason = format!("its index has the version {}", index.schema_version());
            return Err(Error::damaged(origin, reason));
        }
        Ok(Self(index))
    }

    /// The document, the same bytes for the same index.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        canonical(&self.0)
    }

    pub fn manifests(&self) -> &[Descriptor] {
        self.0.manifests()
    }

    /// The one entry that there is, or else the one for Linux on `architecture`.
    ///
    /// # Errors
    /// There is none, with those that there are.
    pub fn choose(&self, origin: &str, architecture: Architecture) -> Result<&Descriptor> {
        if let [only] = self.manifests() {
            return Ok(only);
        }
        let place = place_for(self.manifests().iter(), architecture);
        let place = place.map_err(|there| {
            let there = match there.as_str() {
                "" => "no image that says what it is for",
                there => there,
            };
            let wanted = architecture.goarch();
            Error::missing(origin, format!("image for linux/{wanted}; it has {there}"))
        })?;
        Ok(&self.manifests()[place])
    }
}

/// The place of the image for Linux on `architecture` among the entries of an index, or else the list of what they are for.
pub fn place_for<'a>(
    entries: impl Iterator<Item = &'a Descriptor>,
    architecture: Architecture,
) -> Result<usize, String> {
    let wanted = Arch::from(architecture.goarch());
    let mut there = BTreeSet::new();
    for (place, entry) in entries.enumerate() {
        if let Some(platform) = entry.platform() {
            if *platform.os() == Os::Linux && *platform.architecture() == wanted {
                return Ok(place);
            }
            there.insert(format!("{}/{}", platform.os(), platform.architecture()));
        }
    }
    Err(Vec::from_iter(there).join(", "))
}

/// Whether an entry says that it is no image but something about one, as build tools add.
pub(crate) fn is_attestation(entry: &Descriptor) -> bool {
    let unknown = |platform: &oci_spec::image::Platform| {
        *platform.architecture() == Arch::Other("unknown".to_owned())
    };
    let noted = |notes: &std::collections::HashMap<String, String>| {
        notes.contains_key("vnd.docker.reference.type")
    };
    entry.platform().as_ref().is_some_and(unknown)
        || entry.annotations().as_ref().is_some_and(noted)
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
        let platform = PlatformBuilder::default()
            .os(Os::Linux)
            .architecture(architecture);
        entry.set_platform(Some(platform.build().unwrap()));
        entry
    }

    #[test]
    fn the_entry_for_an_architecture_is_chosen_or_what_there_is_is_named() {
        let index = Index::of(vec![entry(Arch::RISCV64), entry(Arch::ARM64)]).unwrap();
        let index = Index::parse("x", &index.bytes().unwrap()).unwrap();
        let chosen = index.choose("x", Architecture::Aarch64).unwrap();
        assert_eq!(chosen, &index.manifests()[1]);
        let error = index.choose("the layout `x`", Architecture::X86_64);
        let error = error.unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("`x` has no image for linux/amd64"),
            "{error}"
        );
        assert!(error.contains("linux/arm64, linux/riscv64"), "{error}");
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for text in ["", "{}", "[]", r#"{"schemaVersion":1,"manifests":[]}"#] {
            assert!(Index::parse("x", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn attestations_are_known() {
        assert!(is_attestation(&entry(Arch::Other("unknown".into()))));
        assert!(!is_attestation(&entry(Arch::Amd64)));
    }
}
