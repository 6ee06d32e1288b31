//! Objects: read whole within a limit, written whole or not at all.
//!
//! Buckets are in S3, or folders for trying out. Connections are kept for the next event, and one can be
//! opened before it; [`Storage::forget`] drops them before a snapshot.

mod bucket;
mod credentials;
mod failure;
mod http;
mod intact;
mod s3;
mod tls;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bucket::Bucket;
use bytes::Bytes;
use failure::{failure, unusable};
use http::ConnectOnly;
use intact::Named;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, GetResult, PutOptions, PutPayload};
use s3::Access;

use crate::error::{Error, Result};
use crate::options::{Location, Place};
use crate::photo::Refusal;
use crate::request::Object;

/// Objects that this function wrote say so, whatever their keys.
const MARK: (&str, &str) = ("written-by", "face-detect");

const BUCKETS: usize = 16;

#[derive(Default)]
pub struct Storage {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    access: Option<Access>,
    /// By place and name.
    buckets: HashMap<(Place, String), Bucket>,
}

impl Storage {
    /// Finds an object of at most `limit` bytes; a larger one is refused. `None` for one that this
    /// function wrote, if those are `guarded` against.
    pub async fn find(
        &self,
        place: &Place,
        object: &Object,
        limit: u64,
        guarded: bool,
    ) -> Result<Option<GetResult>> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| failure("read", place, bucket, key, &error);
        let store = self.bucket(place, bucket)?;
        let options = GetOptions {
            version: object.version.clone(),
            ..GetOptions::default()
        };
        let found = store.get(&path(key)?, options).await.map_err(fail)?;
        let mark = found.attributes.get(&Attribute::Metadata(MARK.0.into()));
        if guarded && mark.is_some_and(|by| by.as_ref() == MARK.1) {
            return Ok(None);
        }
        let bytes = found.meta.size;
        if bytes > limit {
            return Err(Error::Photo {
                of: place.url(bucket, key),
                refusal: Refusal::PhotoTooLarge { bytes, limit },
            });
        }
        Ok(Some(found))
    }

    pub async fn content(&self, place: &Place, object: &Object, found: GetResult) -> Result<Bytes> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| failure("read", place, bucket, key, &error);
        let (bytes, named) = (found.meta.size, found.extensions.get::<Named>().copied());
        let content = found.bytes().await.map_err(fail)?;
        match intact::wrong(&content, bytes, named.as_ref()) {
            None => Ok(content),
            Some(reason) => Err(Error::StorageFailed {
                verb: "read",
                url: place.url(bucket, key),
                reason,
                temporary: true,
            }),
        }
    }

    /// Writes an object whole or not at all.
    pub async fn write(
        &self,
        place: &Place,
        bucket: &str,
        key: &str,
        kind: &'static str,
        bytes: impl Into<PutPayload>,
    ) -> Result<()> {
        let fail = |error| failure("write", place, bucket, key, &error);
        let store = self.bucket(place, bucket)?;
        let mut options = PutOptions::default();
        // Files have no attributes.
        if place.location == Location::S3 {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, kind),
                (Attribute::Metadata(MARK.0.into()), MARK.1),
            ]);
        }
        let path = path(key)?;
        let written = store.put(&path, bytes.into(), options);
        written.await.map_err(fail)?;
        Ok(())
    }

    /// Opens a connection for the next request to the bucket, or in S3 to any that is at the same address,
    /// and gets what that request is signed with. What fails is left to that request, which can say so.
    pub async fn connect(&self, place: &Place, bucket: &str) {
        if place.location == Location::S3
            && let Ok(store) = self.bucket(place, bucket)
        {
            let mut options = GetOptions::default();
            options.extensions.insert(ConnectOnly);
            // It fails always.
            let _ = store.get(&Path::from("any"), options).await;
        }
    }

    /// Drops all connections and credentials; the next use makes new ones.
    pub fn forget(&self) {
        *self.lock() = Kept::default();
    }

    fn bucket(&self, place: &Place, name: &str) -> Result<Bucket> {
        check_bucket(name)?;
        place.permit(name)?;
        let mut kept = self.lock();
        let key = (place.clone(), name.to_owned());
        if let Some(store) = kept.buckets.get(&key) {
            return Ok(store.clone());
        }
        let store = match &place.location {
            Location::S3 => {
                let owner = place.owner.as_deref();
                let made = kept.access().and_then(|access| access.bucket(name, owner));
                Bucket::S3(made.map_err(|error| unusable(place, name, &error))?)
            }
            Location::Folder(folder) => {
                let made = LocalFileSystem::new_with_prefix(folder.join(name));
                // It fails where there is no such folder.
                Bucket::Folder(made.map_err(|_| Error::BucketNotFound(name.to_owned()))?)
            }
        };
        if kept.buckets.len() >= BUCKETS {
            kept.buckets.clear();
        }
        kept.buckets.insert(key, store.clone());
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked with it left it whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn access(&mut self) -> object_store::Result<&Access> {
        match &mut self.access {
            Some(access) => Ok(access),
            none => Ok(none.insert(Access::from_env()?)),
        }
    }
}

/// Refuses what cannot be a bucket's name, and would be part of an address or of a path. Source:
/// Amazon S3 User Guide, "General purpose bucket naming rules"; old buckets have capitals and
/// underscores.
fn check_bucket(name: &str) -> Result<()> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if !name.is_empty() && name.chars().all(good) && !name.starts_with('.') {
        return Ok(());
    }
    let reason = format!("`{name}` is no name of a bucket");
    Err(Error::InvalidRequest(reason))
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

#[cfg(test)]
pub(crate) mod tests;
