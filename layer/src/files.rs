//! What is in a layer: every entry by its path, with the digest of its content.

use std::collections::BTreeMap;

use crate::entries::Entry;
use crate::scan::read_layer;
use crate::source::Source;
use crate::{Digest, Error, Image, Result, RunningDigest};

/// Entries by path, each with the digest of its content.
pub type Files = BTreeMap<String, (Entry, Digest)>;

/// The entries of an image's layer `number`, counted from 0 at the bottom.
///
/// # Errors
/// There is no such layer, or it cannot be read.
pub fn files(source: &dyn Source, image: &Image, number: usize) -> Result<Files> {
    let layers = image.manifest_document().layers();
    let Some(descriptor) = layers.get(number) else {
        let reason = format!("it has {} layers, and no layer {number}", layers.len());
        return Err(Error::damaged(source.origin(), reason));
    };
    let mut files = Files::new();
    read_layer(source, descriptor, &mut |entry, content| {
        let content = RunningDigest::of(content);
        let content = content.map_err(|error| Error::damaged(source.origin(), error))?;
        files.insert(entry.path.clone(), (entry.clone(), content.digest()));
        Ok(())
    })?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, Content, FileTree, ImageConfig, LayoutWriter, Mode};

    #[test]
    fn a_layers_files_are_there_with_sizes_and_digests() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = FileTree::new();
        tree.add("a/b", Content::bytes("test", b"abc"), Mode::Data)
            .unwrap();
        let mut writer = LayoutWriter::new(folder.path(), 0).unwrap();
        writer.add_layer(&tree, "test").unwrap();
        let config = ImageConfig::new("x", Architecture::X86_64);
        let layout = writer.finish(&config, &folder.path().join("x")).unwrap();
        let found = files(layout.source(), layout.image(), 0).unwrap();
        let (entry, digest) = &found["a/b"];
        assert_eq!(entry.bytes, 3);
        // FIPS 180-2, appendix B.1.
        assert!(digest.hex().starts_with("ba7816bf8f01cfea"));
        assert!(files(layout.source(), layout.image(), 1).is_err());
    }
}
