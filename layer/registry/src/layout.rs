//! Pushes what an OCI layout folder's index names: one image, or one index with all its images.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{Blob, Error, Event, Remote, push};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The longest document that is read.
const LONGEST: u64 = 4 << 20;

/// How deep indexes may lie in indexes.
const DEEPEST: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    media_type: String,
    digest: String,
    size: u64,
}

/// An index, or a manifest, as far as it matters here.
#[derive(Deserialize)]
struct Document {
    config: Option<Entry>,
    #[serde(default)]
    layers: Vec<Entry>,
    #[serde(default)]
    manifests: Vec<Entry>,
}

/// Pushes what the layout in `folder` holds; returns the digest that the registry confirmed.
///
/// # Errors
/// The layout names more than one image or cannot be read ([`Error::Layout`]), or the push fails.
pub fn push_layout(
    remote: &Remote,
    folder: &Path,
    watch: &dyn Fn(&Event<'_>),
) -> Result<String, Error> {
    push_index(remote, folder, watch).map_err(|error| match error.downcast() {
        Ok(error) => error,
        Err(other) => Error::Layout {
            reason: format!("{other:#}"),
        },
    })
}

fn push_index(remote: &Remote, folder: &Path, watch: &dyn Fn(&Event<'_>)) -> Result<String> {
    let path = folder.join("index.json");
    let (_, index) = document(&path)?;
    let [entry] = index.manifests.as_slice() else {
        let count = index.manifests.len();
        bail!(
            "`{}` names {count} images; one can be pushed",
            path.display()
        );
    };
    push_entry(remote, folder, entry, watch, DEEPEST)
}

/// Pushes what an index lists, innermost first: a registry refuses an index without its images.
fn push_entry(
    remote: &Remote,
    folder: &Path,
    entry: &Entry,
    watch: &dyn Fn(&Event<'_>),
    depth: usize,
) -> Result<String> {
    ensure!(depth > 0, "its indexes lie too deep in one another");
    let path = blob_path(folder, &entry.digest)?;
    let (bytes, manifest) = document(&path)?;
    for child in &manifest.manifests {
        let remote = remote.at(&child.digest);
        push_entry(&remote, folder, child, watch, depth - 1)?;
    }
    let entries: Vec<_> = manifest.config.iter().chain(&manifest.layers).collect();
    let paths = entries.iter().map(|entry| blob_path(folder, &entry.digest));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    let blobs = entries.iter().zip(&paths);
    let blobs: Vec<_> = blobs
        .map(|(entry, path)| Blob::in_file(&entry.digest, entry.size, path, 0))
        .collect();
    let digest = push(remote, &blobs, &bytes, &entry.media_type, watch)?;
    ensure!(
        digest == entry.digest,
        "`{}` is damaged: its digest is {digest}",
        path.display()
    );
    Ok(digest)
}

fn blob_path(folder: &Path, digest: &str) -> Result<PathBuf> {
    let digits = digest.strip_prefix("sha256:").unwrap_or_default();
    ensure!(
        digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{digest:?} is no digest by SHA-256"
    );
    Ok(folder.join("blobs/sha256").join(digits))
}

fn document(path: &Path) -> Result<(Vec<u8>, Document)> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    ensure!(
        bytes.len() as u64 <= LONGEST,
        "`{}` is longer than a manifest may be",
        path.display()
    );
    let document = serde_json::from_slice(&bytes)
        .with_context(|| format!("`{}` is no manifest or index", path.display()))?;
    Ok((bytes, document))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_a_sound_layout_is_pushed() {
        let folder = tempfile::tempdir().unwrap();
        // Nobody listens there, and nobody is asked.
        let remote = Remote::parse("127.0.0.1:1/a").unwrap();
        let push = |index: &str| {
            fs::write(folder.path().join("index.json"), index).unwrap();
            let error = push_layout(&remote, folder.path(), &|_| ()).unwrap_err();
            format!("{error:#}")
        };
        assert!(push("{}").contains("names 0 images"));
        assert!(push("[]").contains("is no manifest or index"));
        assert!(push(&" ".repeat(5 << 20)).contains("longer than a manifest may be"));
        let entry = |digest: &str| {
            format!(r#"{{"manifests": [{{"mediaType": "m", "digest": "{digest}", "size": 1}}]}}"#)
        };
        assert!(push(&entry("sha256:../../../etc/passwd")).contains("is no digest"));
        let digest = format!("sha256:{}", "0".repeat(64));
        assert!(push(&entry(&digest)).contains("failed to read"));
        // An index that lists itself; its digest cannot be right, which is found out last.
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        let path = folder.path().join("blobs/sha256").join("0".repeat(64));
        fs::write(path, entry(&digest)).unwrap();
        assert!(push(&entry(&digest)).contains("too deep"));
    }
}
