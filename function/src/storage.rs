//! Objects: read whole within a limit, written whole or not at all.
//!
//! Buckets are in S3, or folders for trying out. Each keeps its connections for the next event;
//! [`Storage::forget`] drops them before a snapshot.

mod credentials;
mod s3;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, ObjectStore, PutOptions, PutPayload};

use crate::error::{Error, Result};
use crate::options::Location;
use crate::photo::Refusal;
use crate::request::Object;

/// Objects that this function wrote say so, whatever their keys.
const MARK: (&str, &str) = ("written-by", "face-detect");

/// Buckets by place and name.
#[derive(Default)]
pub struct Storage {
    buckets: Mutex<HashMap<(Location, String), Arc<dyn ObjectStore>>>,
}

/// An object that was read.
pub struct Found {
    /// What it holds.
    pub bytes: Bytes,
    /// Whether this function wrote it.
    pub ours: bool,
}

impl Storage {
    /// Reads an object of at most `limit` bytes; a larger one is refused before its content comes.
    pub async fn read(&self, place: &Location, object: &Object, limit: u64) -> Result<Found> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| failure("read", place, bucket, key, error);
        let store = self.bucket(place, bucket).map_err(fail)?;
        let options = GetOptions {
            version: object.version.clone(),
            ..GetOptions::default()
        };
        let found = store.get_opts(&path(key)?, options).await.map_err(fail)?;
        if found.meta.size > limit {
            let bytes = found.meta.size;
            return Err(Error::Photo {
                of: place.url(bucket, key),
                refusal: Refusal::PhotoTooLarge { bytes, limit },
            });
        }
        let mark = Attribute::Metadata(MARK.0.into());
        let ours = found
            .attributes
            .get(&mark)
            .is_some_and(|by| by.as_ref() == MARK.1);
        let bytes = found.bytes().await.map_err(fail)?;
        Ok(Found { bytes, ours })
    }

    /// Writes an object whole or not at all.
    pub async fn write(
        &self,
        place: &Location,
        bucket: &str,
        key: &str,
        kind: &'static str,
        bytes: Vec<u8>,
    ) -> Result<()> {
        let fail = |error| failure("write", place, bucket, key, error);
        let store = self.bucket(place, bucket).map_err(fail)?;
        let mut options = PutOptions::default();
        // Files have no attributes.
        if *place == Location::S3 {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, kind),
                (Attribute::Metadata(MARK.0.into()), MARK.1),
            ]);
        }
        let path = path(key)?;
        let written = store.put_opts(&path, PutPayload::from(bytes), options);
        written.await.map_err(fail)?;
        Ok(())
    }

    /// Drops all connections and credentials; the next use makes new ones.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn bucket(&self, place: &Location, name: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut buckets = self.lock();
        let key = (place.clone(), name.to_owned());
        if let Some(store) = buckets.get(&key) {
            return Ok(Arc::clone(store));
        }
        let store: Arc<dyn ObjectStore> = match place {
            Location::S3 => Arc::new(s3::bucket(name)?),
            Location::Folder(folder) => {
                Arc::new(LocalFileSystem::new_with_prefix(folder.join(name))?)
            }
        };
        buckets.insert(key, Arc::clone(&store));
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Location, String), Arc<dyn ObjectStore>>> {
        // Whoever panicked with it left the map as it was.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key as it is. Not every key is a path of the object store; those that are not would be read
/// and written under another name, so they are refused.
fn path(key: &str) -> Result<Path> {
    let parsed = Path::parse(key).ok().filter(|path| path.as_ref() == key);
    parsed.filter(|_| !key.is_empty()).ok_or_else(|| {
        Error::InvalidRequest(format!(
            "`{key}` is no key that can be used: it has an empty part, or one that is `.` or `..`"
        ))
    })
}

fn failure(
    verb: &'static str,
    place: &Location,
    bucket: &str,
    key: &str,
    error: object_store::Error,
) -> Error {
    let url = place.url(bucket, key);
    match error {
        object_store::Error::NotFound { source, .. } => {
            if source.to_string().contains("NoSuchBucket") {
                Error::BucketNotFound(bucket.to_owned())
            } else {
                Error::ObjectNotFound(url)
            }
        }
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Error::AccessDenied { verb, url },
        other => {
            let reason = other.to_string();
            Error::StorageFailed {
                verb,
                url,
                temporary: is_temporary(&reason),
                reason,
            }
        }
    }
}

/// Whether S3 may do later what it did not do now. A status of 400 and the like is about the
/// request, but for those that ask for patience; everything else is about S3 or the way to it. The
/// object store tells the status only in its text.
fn is_temporary(reason: &str) -> bool {
    let Some((_, status)) = reason.split_once("status code: ") else {
        return true;
    };
    let patience = ["408", "429"];
    !status.starts_with('4') || patience.iter().any(|code| status.starts_with(code))
}

#[cfg(test)]
mod tests;
