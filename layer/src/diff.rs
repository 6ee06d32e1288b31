//! Compares two images file by file, to find out why their bytes differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::entries::Entry;
use crate::scan::read_layer;
use crate::source::Source;
use crate::{Digest, Error, Image, Result, RunningDigest};

/// Entries by path, with the digests of their contents.
pub type LayerFiles = BTreeMap<String, (Entry, Digest)>;

/// The entries of an image's layer `number`, counted from 0 at the bottom.
///
/// # Errors
/// There is no such layer, or it cannot be read.
pub fn layer_files(source: &dyn Source, image: &Image, number: usize) -> Result<LayerFiles> {
    let layers = image.documents.manifest.layers();
    let Some(descriptor) = layers.get(number) else {
        let reason = format!("it has {} layers, but no layer {number}", layers.len());
        return Err(Error::damaged(source.origin(), reason));
    };
    let mut files = LayerFiles::new();
    read_layer(source, descriptor, &mut |entry, content| {
        let content = RunningDigest::from_reader(content);
        let content = content.map_err(|error| Error::damaged(source.origin(), error))?;
        files.insert(entry.path.clone(), (entry.clone(), content.digest()));
        Ok(())
    })?;
    Ok(files)
}

/// The differences between the images of two sources, one per line; empty if all bytes are the same.
///
/// # Errors
/// A layer cannot be read.
pub fn diff(a: (&dyn Source, &Image), b: (&dyn Source, &Image)) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if a.1.digest() == b.1.digest() {
        return Ok(lines);
    }
    diff_documents("manifest", a.1.manifest(), b.1.manifest(), &mut lines);
    diff_documents("configuration", a.1.config(), b.1.config(), &mut lines);
    let (ours, theirs) = (a.1.layers().len(), b.1.layers().len());
    if ours != theirs {
        lines.push(format!("layers: {ours} and {theirs}"));
    }
    for number in 0..ours.min(theirs) {
        let (one, other) = (&a.1.layers()[number], &b.1.layers()[number]);
        if one.digest == other.digest {
            continue;
        }
        if one.diff_id == other.diff_id {
            lines.push(format!("layer {number}: different compression"));
            continue;
        }
        let (one, other) = (layer_files(a.0, a.1, number)?, layer_files(b.0, b.1, number)?);
        let before = lines.len();
        diff_files(number, &one, &other, &mut lines);
        if lines.len() == before {
            lines.push(format!("layer {number}: the same files with different order or times"));
        }
    }
    Ok(lines)
}

/// Lists the differences of two JSON documents by the paths of their values.
fn diff_documents(name: &str, a: &[u8], b: &[u8], lines: &mut Vec<String>) {
    let parse = |bytes| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    diff_values(name, &parse(a), &parse(b), lines);
}

fn diff_values(path: &str, a: &Value, b: &Value, lines: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                diff_values(&format!("{path}.{key}"), &a[key], &b[key], lines);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (at, (a, b)) in ours.iter().zip(theirs).enumerate() {
                diff_values(&format!("{path}[{at}]"), a, b, lines);
            }
        }
        _ if a != b => lines.push(format!("{path}: {a} and {b}")),
        _ => {}
    }
}

fn diff_files(layer: usize, a: &LayerFiles, b: &LayerFiles, lines: &mut Vec<String>) {
    let paths: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    for path in paths {
        let mut report = |what: String| lines.push(format!("layer {layer}, `{path}`: {what}"));
        match (a.get(path), b.get(path)) {
            (Some((one, content)), Some((other, same))) => {
                if one.kind != other.kind {
                    report(format!("{:?} and {:?}", one.kind, other.kind));
                }
                if one.mode != other.mode {
                    report(format!("mode {:04o} and {:04o}", one.mode, other.mode));
                }
                if content != same {
                    let (one, other) = (one.size, other.size);
                    report(format!("different content, {one} and {other} bytes"));
                }
            }
            (Some(_), None) => report("only in the first".to_owned()),
            (None, _) => report("only in the second".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Architecture, Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode};

    fn layout(parent: &Path, text: &str, mode: Mode, architecture: Architecture) -> Layout {
        let mut tree = FileTree::new();
        let content = Content::bytes("test", text.as_bytes());
        tree.add("a/file", content, mode).unwrap();
        let mut writer = LayoutWriter::new(parent, 0).unwrap();
        writer.add_layer(&tree, "test").unwrap();
        let config = ImageConfig::new("x", architecture);
        writer.finish(&config, &parent.join("layout")).unwrap()
    }

    #[test]
    fn differences_are_listed_by_file() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let one = layout(a.path(), "one", Mode::Data, Architecture::X86_64);
        let same = layout(b.path(), "one", Mode::Data, Architecture::X86_64);
        let compare = |a: &Layout, b: &Layout| diff((a.source(), a.image()), (b.source(), b.image())).unwrap();
        assert_eq!(compare(&one, &same), [""; 0]);
        let other = layout(b.path(), "other", Mode::Program, Architecture::Aarch64);
        let lines = compare(&one, &other);
        for expected in [
            "configuration.architecture: \"amd64\" and \"arm64\"",
            "layer 0, `a/file`: mode 0644 and 0755",
            "layer 0, `a/file`: different content, 3 and 5 bytes",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
        }
    }

    #[test]
    fn layer_files_have_sizes_and_digests() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = FileTree::new();
        tree.add("a/b", Content::bytes("test", b"abc"), Mode::Data).unwrap();
        let mut writer = LayoutWriter::new(folder.path(), 0).unwrap();
        writer.add_layer(&tree, "test").unwrap();
        let config = ImageConfig::new("x", Architecture::X86_64);
        let layout = writer.finish(&config, &folder.path().join("x")).unwrap();
        let found = layer_files(layout.source(), layout.image(), 0).unwrap();
        let (entry, digest) = &found["a/b"];
        assert_eq!(entry.size, 3);
        // FIPS 180-2, appendix B.1.
        assert!(digest.hex().starts_with("ba7816bf8f01cfea"));
        assert!(layer_files(layout.source(), layout.image(), 1).is_err());
    }
}
