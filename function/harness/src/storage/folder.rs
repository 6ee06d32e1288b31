//! Buckets that are folders, for local tests: an object is a file whose path is its key.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// Numbers temporary files.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

pub(super) struct FolderBucket {
    root: PathBuf,
}

/// An object that was found but not read.
#[derive(Debug)]
pub(super) struct ObjectFile {
    file: File,
    pub(super) size: u64,
}

impl FolderBucket {
    /// # Errors
    /// The folder does not exist, or the name cannot be that of a folder.
    pub(super) fn open(folder: &Path, name: &str) -> Result<Self> {
        let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if name.is_empty() || !name.chars().all(is_allowed) || name.starts_with('.') {
            let reason = format!("`{name}` is not the name of a bucket in a folder");
            return Err(Error::InvalidRequest(reason));
        }
        let root = folder.join(name);
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(Error::BucketNotFound(name.to_owned())),
        }
    }

    pub(super) async fn find(&self, key: &str) -> Result<io::Result<ObjectFile>> {
        let path = self.path(key)?;
        let open = move || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let size = metadata.len();
            Ok(ObjectFile { file, size })
        };
        Ok(run(open).await)
    }

    /// Readers see the previous file or the whole new one.
    pub(super) async fn write(&self, key: &str, content: Bytes) -> Result<io::Result<()>> {
        let path = self.path(key)?;
        let write = move || {
            let parent = path.parent().unwrap_or(&path);
            fs::create_dir_all(parent)?;
            let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
            let temporary = parent.join(format!(".written-{}-{number}", std::process::id()));
            let written = fs::write(&temporary, &content).and_then(|()| fs::rename(&temporary, &path));
            if written.is_err() {
                // The first error is the one to report.
                let _ = fs::remove_file(&temporary);
            }
            written
        };
        Ok(run(write).await)
    }

    /// Deletes the file if it has this content. One that does not exist is deleted already.
    pub(super) async fn delete(&self, key: &str, content: Bytes) -> Result<io::Result<()>> {
        let path = self.path(key)?;
        let delete = move || {
            let found = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                found => found?,
            };
            if found != content {
                return Err(io::Error::other("it was replaced since it was read"));
            }
            fs::remove_file(&path)
        };
        Ok(run(delete).await)
    }

    /// Refuses keys that are not the path of a file below the folder, although S3 has such objects.
    fn path(&self, key: &str) -> Result<PathBuf> {
        let is_name = |part: &str| !["", ".", ".."].contains(&part) && !part.contains('\0');
        if key.split('/').all(is_name) {
            return Ok(self.root.join(key));
        }
        Err(Error::InvalidRequest(format!(
            "the key `{}` cannot be a file: a part of it is empty, `.` or `..`, or contains a null character; such \
             objects can only be in S3",
            key.escape_debug()
        )))
    }
}

impl ObjectFile {
    pub(super) async fn read(mut self) -> io::Result<Bytes> {
        let read = move || {
            let mut content = Vec::with_capacity(usize::try_from(self.size).unwrap_or_default());
            self.file.read_to_end(&mut content)?;
            Ok(content.into())
        };
        run(read).await
    }
}

/// Runs `work` on a thread that may wait for the disk.
async fn run<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other).flatten()
}
