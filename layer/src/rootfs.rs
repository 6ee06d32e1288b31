//! The files of an image on disk, for machines without a container engine: what its blobs hold,
//! verified, and not what it was made from.

use std::fs::{self, File};
use std::io::{BufReader, copy};
use std::path::Path;

use crate::digest::Hashing;
use crate::{Error, Layout, Result, replace};

impl Layout {
    /// Unpacks all layers into the folder `path`, in place of what is there.
    ///
    /// # Errors
    /// A blob is not the one that its name says, or is no layer.
    pub fn unpack(&self, path: &Path) -> Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let partial = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(parent)
            .map_err(Error::io("create a folder in", parent))?;
        let folder = partial.path().join("root");
        fs::create_dir(&folder).map_err(Error::io("create", &folder))?;
        for layer in self.image().layers() {
            let blob = self.blob(&layer.digest);
            verify(&blob, &layer.digest)?;
            let file = File::open(&blob).map_err(Error::io("read", &blob))?;
            let gzip = flate2::read::GzDecoder::new(BufReader::new(file));
            tar::Archive::new(gzip)
                .unpack(&folder)
                .map_err(Error::io("unpack", &blob))?;
        }
        replace::folder(&folder, path, partial.path())
    }
}

fn verify(blob: &Path, digest: &str) -> Result<()> {
    let mut file = File::open(blob).map_err(Error::io("read", blob))?;
    let mut hash = Hashing::new(std::io::sink());
    copy(&mut file, &mut hash).map_err(Error::io("read", blob))?;
    let (_, found, _) = hash.finish();
    if found == digest {
        return Ok(());
    }
    Err(Error::Damaged {
        path: blob.to_owned(),
        reason: format!("its digest is {found}"),
    })
}
