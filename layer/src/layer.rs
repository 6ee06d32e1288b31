//! Writes a tree as a layer: one pass writes the tar archive through gzip into a blob, and computes both digests and
//! all sizes. Owner, times and order are normalized. No file is held in memory completely.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use tar::{EntryType, Header};

use crate::atomic::temporary_file;
use crate::content_reader::ContentReader;
use crate::digest::{Digest, HashingIo};
use crate::gzip::Gzip;
use crate::tree::{Entry, FileTree};
use crate::{Error, Result};

/// A layer whose blob has been written, or read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the blob.
    pub digest: Digest,
    /// The digest of the uncompressed tar archive.
    pub diff_id: Digest,
    /// The size of the blob.
    pub compressed_bytes: u64,
    /// The size of the files, without tar headers.
    pub uncompressed_bytes: u64,
    /// The description in the image's history.
    pub created_by: String,
}

impl Layer {
    /// Writes `tree` as a blob into the folder `blobs`. All files get the time `time`, in seconds since 1970.
    pub(crate) fn write(tree: &FileTree, created_by: &str, time: u64, blobs: &Path) -> Result<Self> {
        let partial = temporary_file(blobs)?;
        let (file, path) = partial.into_parts();
        let failed = |error| Error::io("write", &path)(error);
        let blob = HashingIo::new(BufWriter::new(file));
        let gzip = Gzip::new(blob).map_err(failed)?;
        let mut archive = tar::Builder::new(HashingIo::new(gzip));
        let uncompressed_bytes = append_tree(&mut archive, tree, time, &path)?;
        let (gzip, diff_id, _) = archive.into_inner().map_err(failed)?.finish();
        let (mut file, digest, compressed_bytes) = gzip.finish().map_err(failed)?.finish();
        file.flush().map_err(failed)?;
        let blob = blobs.join(digest.hex());
        path.persist(&blob)
            .map_err(|error| Error::io("write", &blob)(error.error))?;
        Ok(Self {
            digest,
            diff_id,
            compressed_bytes,
            uncompressed_bytes,
            created_by: created_by.to_owned(),
        })
    }
}

/// Returns the size of the files.
fn append_tree(archive: &mut tar::Builder<impl Write>, tree: &FileTree, time: u64, to: &Path) -> Result<u64> {
    let mut total = 0;
    for (path, entry) in tree.entries() {
        match entry {
            Entry::Directory => {
                let mut header = tar_header(EntryType::Directory, 0o755, 0, time);
                let appended = archive.append_data(&mut header, format!("{path}/"), io::empty());
                appended.map_err(Error::io("write", to))?;
            }
            Entry::File { content, mode } => {
                let mut content = ContentReader::open(content)?;
                let size = content.remaining();
                let mut header = tar_header(EntryType::Regular, mode.bits(), size, time);
                let appended = archive.append_data(&mut header, path, &mut content);
                content.finish_copy(appended, to)?;
                total += size;
            }
        }
    }
    Ok(total)
}

/// A header with the owner root.
pub(crate) fn tar_header(kind: EntryType, mode: u32, size: u64, time: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use fs_err as fs;

    use super::*;
    use crate::{Content, Mode};

    fn tree(folder: &Path) -> FileTree {
        let file = folder.join("file");
        fs::write(&file, "from disk").unwrap();
        let mut tree = FileTree::new();
        let long = format!("{}/data", "long-name-".repeat(20));
        tree.add(&long, Content::File(file), Mode::Data).unwrap();
        tree.add("bin/run", Content::bytes("test", b"#!"), Mode::Program)
            .unwrap();
        tree
    }

    #[test]
    fn layer_bytes_are_reproducible() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = Layer::write(&tree(a.path()), "x", 7, a.path()).unwrap();
        let second = Layer::write(&tree(b.path()), "x", 7, b.path()).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.uncompressed_bytes, 11);
    }

    #[test]
    fn blob_matches_digests_and_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let layer = Layer::write(&tree(folder.path()), "x", 7, folder.path()).unwrap();
        let blob = fs::read(folder.path().join(layer.digest.hex())).unwrap();
        assert_eq!(Digest::of(&blob), layer.digest);
        assert_eq!(blob.len() as u64, layer.compressed_bytes);
        let mut bytes = Vec::new();
        let mut gzip = flate2::read::GzDecoder::new(blob.as_slice());
        gzip.read_to_end(&mut bytes).unwrap();
        assert_eq!(Digest::of(&bytes), layer.diff_id);

        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 7));
            let path = entry.path().unwrap().display().to_string();
            seen.push((path, header.mode().unwrap()));
        }
        assert_eq!(seen[0], ("bin/".to_owned(), 0o755));
        assert_eq!(seen[1], ("bin/run".to_owned(), 0o755));
        assert_eq!(seen[3].1, 0o644);
    }

    #[test]
    fn missing_file_is_named_and_leaves_no_blob() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = FileTree::new();
        let content = Content::File("/nowhere/bootstrap".into());
        tree.add("bootstrap", content, Mode::Program).unwrap();
        let error = Layer::write(&tree, "x", 0, folder.path()).unwrap_err();
        assert!(error.to_string().contains("`/nowhere/bootstrap`"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
