//! Image archives for `docker load`: a tar archive of an OCI layout, for Docker since version 25, with a
//! `manifest.json` for older versions, which names the same blobs. `archive/read.rs` reads image archives written by
//! any tool.

mod docker;
mod files;
mod read;

use std::io::{BufWriter, Write};
use std::path::Path;

use fs_err::File;
use tar::EntryType;

pub(crate) use self::docker::DockerImage;
pub use self::read::ArchiveFile;
pub(crate) use self::read::blob_path;
use crate::atomic::{persist, temporary_file};
use crate::dir_folder::DirFolder;
use crate::document::{OCI_LAYOUT, canonical_json};
use crate::layer::tar_header;
use crate::source::Source;
use crate::{Digest, Error, Index, Layout, LayoutFolder, Result};

/// Opens the layout folder, the folder of skopeo's transport `dir:`, or the archive at `path`, which may have several
/// images.
///
/// # Errors
/// `path` does not exist, or is none of these.
pub fn open(path: &Path) -> Result<Box<dyn Source>> {
    if !path.is_dir() {
        return Ok(Box::new(ArchiveFile::open(path)?));
    }
    Ok(match DirFolder::open(path)? {
        Some(folder) => Box::new(folder),
        None => Box::new(LayoutFolder::open(path)?),
    })
}

impl Layout {
    /// Writes the archive to `path` atomically. `docker load` gives the image the name `reference`, such as
    /// `face-detect:latest`.
    pub fn write_archive(&self, path: &Path, reference: &str) -> Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let partial = temporary_file(parent)?;
        let mut archive = tar::Builder::new(BufWriter::new(partial));
        self.append_entries(&mut archive, reference, path)?;
        let written = archive.into_inner().map_err(Error::io("write", path))?;
        let file = written.into_inner();
        let file = file.map_err(|error| Error::io("write", path)(error.into_error()))?;
        persist(file, path)
    }

    fn append_entries(&self, archive: &mut tar::Builder<impl Write>, reference: &str, to: &Path) -> Result<()> {
        let image = self.image();
        let layers = || image.layers().iter().map(|layer| &layer.digest);
        let config = Digest::of(image.config());
        let docker = [DockerImage {
            config: blob_path(&config),
            repo_tags: Some(vec![reference.to_owned()]),
            layers: Some(layers().map(blob_path).collect()),
        }];
        let mut blobs: Vec<_> = layers().copied().collect();
        blobs.extend([config, image.digest()]);
        // Layers with the same content share a blob.
        blobs.sort();
        blobs.dedup();

        for folder in ["blobs/", "blobs/sha256/"] {
            let mut header = tar_header(EntryType::Directory, 0o755, 0, 0);
            let appended = archive.append_data(&mut header, folder, std::io::empty());
            appended.map_err(Error::io("write", to))?;
        }
        for digest in blobs {
            let path = self.source().blob_path(&digest);
            let file = File::open(&path)?;
            let size = file.metadata()?.len();
            let mut header = tar_header(EntryType::Regular, 0o644, size, 0);
            let appended = archive.append_data(&mut header, blob_path(&digest), file);
            appended.map_err(Error::io("write", to))?;
        }
        let index = Index::new(vec![image.descriptor(reference)?])?;
        let documents = [
            ("index.json", index.to_json()?),
            ("manifest.json", canonical_json(&docker)?),
            ("oci-layout", OCI_LAYOUT.as_bytes().to_vec()),
        ];
        for (name, bytes) in documents {
            let mut header = tar_header(EntryType::Regular, 0o644, bytes.len() as u64, 0);
            let appended = archive.append_data(&mut header, name, bytes.as_slice());
            appended.map_err(Error::io("write", to))?;
        }
        Ok(())
    }
}
