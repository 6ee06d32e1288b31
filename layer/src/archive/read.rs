//! Reads an image archive without extracting it: a tar archive of an OCI layout, or a Docker archive, compressed or not.

use std::path::Path;

use fs_err::{self as fs, File};

use super::docker::{DOCKER_MANIFEST, SynthesizedDocuments, synthesize_documents};
use super::files::ArchivedFiles;
use crate::source::{Blob, Source};
use crate::{Digest, Error, Result};

const BLOBS_PREFIX: &str = "blobs/sha256/";
pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// An image archive.
pub struct ArchiveFile {
    files: ArchivedFiles,
    synthesized: Option<SynthesizedDocuments>,
}

impl ArchiveFile {
    /// An archive that is compressed as a whole, as nix writes it, is decompressed into a temporary file.
    ///
    /// # Errors
    /// The file is not a tar archive, has no image, or has an entry that is refused.
    pub fn open(path: &Path) -> Result<Self> {
        let display = path.display();
        // To open a pipe could wait forever.
        if !fs::metadata(path)?.is_file() {
            let reason =
                format!("`{display}` is not a regular file; an archive is read several times, so save it first");
            return Err(Error::Other(reason));
        }
        Self::read(File::open(path)?, format!("the archive `{display}`"))
    }

    /// Reads the archive in `file`, which errors call `origin`.
    pub fn read(file: File, origin: String) -> Result<Self> {
        let files = ArchivedFiles::read(file, origin)?;
        let synthesized = match (files.contains("index.json"), files.contains(DOCKER_MANIFEST)) {
            (true, _) => None,
            (false, true) => Some(synthesize_documents(&files)?),
            (false, false) => {
                let what = "index.json and no manifest.json, so it is not an image; `docker save` writes images, and \
                            `docker export` only their files";
                return Err(Error::missing(&files.origin, what));
            }
        };
        Ok(Self { files, synthesized })
    }
}

impl Source for ArchiveFile {
    fn origin(&self) -> &str {
        &self.files.origin
    }

    fn index(&self) -> Result<Vec<u8>> {
        match &self.synthesized {
            Some(synthesized) => Ok(synthesized.index.clone()),
            None => self.files.document("index.json"),
        }
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        let range = match &self.synthesized {
            Some(synthesized) => {
                if let Some(bytes) = synthesized.manifests.get(digest) {
                    return Ok(Blob {
                        size: bytes.len() as u64,
                        reader: Box::new(bytes.as_slice()),
                    });
                }
                synthesized.blobs.get(digest).copied()
            }
            None => self.files.file_range(&blob_path(digest)).ok(),
        };
        let range = range.ok_or_else(|| Error::missing(&self.files.origin, format!("blob {digest}")))?;
        Ok(Blob {
            size: range.size,
            reader: Box::new(self.files.section(range)),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        let names = self.files.paths().map(|path| path.strip_prefix(BLOBS_PREFIX));
        Ok(names.flatten().map(str::to_owned).collect())
    }

    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        let present = self.synthesized.is_none() && self.files.contains(DOCKER_MANIFEST);
        present.then(|| self.files.document(DOCKER_MANIFEST)).transpose()
    }
}
