//! Pushes an OCI layout folder: one image, or one index with all its images.

use std::path::Path;

use layer::source::{Source, document, index};
use layer::{Digest, LayoutFolder};
use oci_spec::image::Descriptor;

use super::manifest::{ManifestKind, parse_manifest};
use super::{Blob, Error, ProgressCallback, ProgressEvent, RegistryImage, Result, push};

/// The maximum depth of nested indexes.
const MAX_INDEX_DEPTH: usize = 4;

/// Pushes the image or index of the layout in `folder`; returns the digest that the registry confirmed.
///
/// # Errors
/// The layout names more than one image or cannot be read ([`Error::Layer`]), or the push fails.
pub fn push_layout(image: &RegistryImage, folder: &Path, progress: &dyn Fn(&ProgressEvent<'_>)) -> Result<Digest> {
    let layout = LayoutFolder::open(folder)?;
    let index = index(&layout)?;
    let [entry] = index.manifests() else {
        let count = index.manifests().len();
        let reason = format!("its index names {count} images; only one can be pushed");
        return Err(damaged(&layout, reason));
    };
    push_manifest(image, &layout, entry, progress, MAX_INDEX_DEPTH)
}

/// Pushes the images of an index before the index, because registries refuse an index without its images.
fn push_manifest(
    image: &RegistryImage,
    layout: &LayoutFolder,
    entry: &Descriptor,
    progress: &ProgressCallback<'_>,
    depth: usize,
) -> Result<Digest> {
    if depth == 0 {
        return Err(damaged(layout, "its indexes are nested too deeply"));
    }
    let bytes = document(layout, "manifest", entry)?;
    let media_type = entry.media_type().to_string();
    let understood = parse_manifest(&bytes, Some(&media_type));
    let (_, kind) = understood.map_err(|reason| damaged(layout, reason))?;
    let entries = match kind {
        ManifestKind::Image(entries) => entries,
        ManifestKind::Index(children) => {
            for child in children {
                let (image, child) = (image.with_digest(child.digest), &child.descriptor);
                push_manifest(&image, layout, child, progress, depth - 1)?;
            }
            Vec::new()
        }
    };
    let paths: Vec<_> = entries.iter().map(|e| layout.blob_path(&e.digest)).collect();
    let blobs = entries.iter().zip(&paths);
    let blobs: Vec<_> = blobs
        .map(|(entry, path)| Blob::from_file(entry.digest, entry.size(), path, 0))
        .collect();
    push(image, &blobs, &bytes, &media_type, progress)
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
        let mut deep = image.clone();
        for _ in 0..MAX_INDEX_DEPTH {
            deep = add(folder, INDEX, &index(&[&deep]));
        }
        assert!(refused(&[&deep]).contains("too deep"));
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
