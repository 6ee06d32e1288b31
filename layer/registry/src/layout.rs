//! Pushes the image of an OCI layout folder, or those of several with an index.

use std::path::{Path, PathBuf};

use layer::source::{Source, document, index};
use layer::{Digest, Index, LayoutFolder};
use oci_spec::image::{Descriptor, ImageConfiguration, MediaType, PlatformBuilder};

use super::manifest::{ManifestKind, parse_manifest};
use super::push::push;
use super::upload_body::Blob;
use super::{Error, ProgressEvent, RegistryImage, Result};

/// Pushes the image of the layout in `folder`; returns the digest that the registry confirmed.
///
/// # Errors
/// The layout is not one image or cannot be read ([`Error::Layer`]), or the push fails.
pub fn push_layout(image: &RegistryImage, folder: &Path, progress: &dyn Fn(&ProgressEvent<'_>)) -> Result<Digest> {
    let layout = LayoutFolder::open(folder)?;
    LayoutImage::read(&layout)?.push(image, progress)
}

/// Pushes the images of the layouts in `folders`, which are for different platforms, by their digests, and then an index
/// of them to the reference of `image`. Returns the digests of the index and of the images.
///
/// # Errors
/// A layout is not one image or cannot be read ([`Error::Layer`]), or a push fails.
pub fn push_index(
    image: &RegistryImage,
    folders: &[PathBuf],
    progress: &dyn Fn(&ProgressEvent<'_>),
) -> Result<(Digest, Vec<Digest>)> {
    let mut digests = Vec::new();
    let mut entries: Vec<Descriptor> = Vec::new();
    for folder in folders {
        let layout = LayoutFolder::open(folder)?;
        let found = LayoutImage::read(&layout)?;
        let digest = Digest::of(&found.manifest);
        let entry = found.index_entry()?;
        if entries.iter().any(|other| other.platform() == entry.platform()) {
            return Err(damaged(
                &layout,
                "its image is for the same platform as another one of the index",
            ));
        }
        digests.push(found.push(&image.with_digest(digest), progress)?);
        entries.push(entry);
    }
    let index = Index::new(entries)?.to_json()?;
    let digest = push(image, &[], &index, MediaType::ImageIndex.as_ref(), progress)?;
    Ok((digest, digests))
}

/// The only image of a layout.
struct LayoutImage<'a> {
    layout: &'a LayoutFolder,
    entry: Descriptor,
    manifest: Vec<u8>,
    blobs: Vec<(Digest, u64, PathBuf)>,
}

impl<'a> LayoutImage<'a> {
    fn read(layout: &'a LayoutFolder) -> Result<Self> {
        let index = index(layout)?;
        let [entry] = index.manifests() else {
            let count = index.manifests().len();
            let reason = format!("its index names {count} images; only one can be pushed");
            return Err(damaged(layout, reason));
        };
        let manifest = document(layout, "manifest", entry)?;
        let understood = parse_manifest(&manifest, Some(entry.media_type().as_ref()));
        let (_, kind) = understood.map_err(|reason| damaged(layout, reason))?;
        let ManifestKind::Image(entries) = kind else {
            return Err(damaged(
                layout,
                "it is an index of images; only one image can be pushed",
            ));
        };
        let blobs = entries.iter();
        let blobs = blobs.map(|entry| (entry.digest, entry.size(), layout.blob_path(&entry.digest)));
        Ok(Self {
            layout,
            entry: entry.clone(),
            blobs: blobs.collect(),
            manifest,
        })
    }

    fn push(&self, image: &RegistryImage, progress: &dyn Fn(&ProgressEvent<'_>)) -> Result<Digest> {
        let blobs = self.blobs.iter();
        let blobs = blobs.map(|(digest, size, path)| Blob {
            digest: *digest,
            size: *size,
            path,
        });
        let (blobs, kind) = (blobs.collect::<Vec<_>>(), self.entry.media_type().to_string());
        push(image, &blobs, &self.manifest, &kind, progress)
    }

    /// The image's entry in an index, with the platform from its configuration.
    fn index_entry(&self) -> Result<Descriptor> {
        let unusable = |reason: String| damaged(self.layout, reason);
        let manifest: serde_json::Value =
            serde_json::from_slice(&self.manifest).map_err(|error| unusable(error.to_string()))?;
        let config: Descriptor = serde_json::from_value(manifest["config"].clone())
            .map_err(|error| unusable(format!("its configuration has no descriptor: {error}")))?;
        let config = document(self.layout, "configuration", &config)?;
        let config: ImageConfiguration = serde_json::from_slice(&config)
            .map_err(|error| unusable(format!("its configuration cannot be read: {error}")))?;
        let platform = PlatformBuilder::default()
            .os(config.os().clone())
            .architecture(config.architecture().clone())
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let mut entry = self.entry.clone();
        entry.set_platform(Some(platform));
        // The names of the image are those of its own layout.
        entry.set_annotations(None);
        Ok(entry)
    }
}

fn damaged(layout: &LayoutFolder, reason: impl ToString) -> Error {
    layer::Error::damaged(layout.origin(), reason).into()
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use serde_json::{Value, json};

    use super::*;
    use crate::tests::fake::{IMAGE, INDEX};

    /// Adds a document to the layout in `folder`; returns its descriptor.
    fn add(folder: &Path, media_type: &str, document: &Value) -> Value {
        let bytes = document.to_string();
        let digest = Digest::of(bytes.as_bytes());
        fs::write(folder.join("blobs/sha256").join(digest.hex()), &bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    #[test]
    fn invalid_layouts_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // Nothing listens on this port, and no request is sent.
        let image = RegistryImage::parse("127.0.0.1:1/a").unwrap();
        let refused = |index: &str| {
            fs::write(folder.join("index.json"), index).unwrap();
            let error = push_layout(&image, folder, &|_| ()).unwrap_err();
            error.to_string()
        };
        assert!(refused("").contains("has no file `oci-layout`"));
        fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
        let version = r#"{"imageLayoutVersion": "1.0.0"}"#;
        fs::write(folder.join("oci-layout"), version).unwrap();
        assert!(refused("[]").contains("index cannot be read"));
        assert!(refused(&" ".repeat(5 << 20)).contains("larger than"));
        let index = |entries: &[&Value]| json!({"schemaVersion": 2, "manifests": entries});
        let refused = |entries: &[&Value]| refused(&index(entries).to_string());
        assert!(refused(&[]).contains("names 0 images"));

        let config = json!({"mediaType": "m", "digest": Digest::of(b""), "size": 0});
        let image = json!({"schemaVersion": 2, "config": config, "layers": []});
        let mut image = add(folder, IMAGE, &image);
        assert!(refused(&[&image, &image]).contains("names 2 images"));
        let inner = add(folder, INDEX, &index(&[&image]));
        assert!(refused(&[&inner]).contains("is an index"));
        let text = add(folder, "text/plain", &json!({"schemaVersion": 2}));
        assert!(refused(&[&text]).contains("neither an image nor an index"));

        image["size"] = json!(1);
        assert!(refused(&[&image]).contains("bytes instead of 1"));
        for (digest, reason) in [
            (Digest::of(b"nothing").to_string(), "has no blob"),
            ("sha256:../../../etc/passwd".to_owned(), "cannot be read"),
        ] {
            image["digest"] = json!(digest);
            assert!(refused(&[&image]).contains(reason), "{digest}");
        }
    }
}
