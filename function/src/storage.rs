//! Objects: read whole within a limit, written whole or not at all.
//!
//! Buckets are in S3, or folders for trying out. Connections are kept for the next event, and one can be
//! opened before it; [`Storage::reset`] drops them before a snapshot.

mod bucket;
mod credentials;
mod error;
mod http;
mod integrity;
mod s3;
mod tls;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bucket::Bucket;
use bytes::Bytes;
use error::{configuration_error, storage_error};
use http::ConnectOnly;
use integrity::ContentMd5;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, GetResult, PutOptions, PutPayload};
use s3::S3Access;

use crate::error::{Error, Result};
use crate::options::{Location, StorageConfig};
use crate::photo::Refusal;
use crate::request::Object;

/// Objects that this function wrote say so, whatever their keys.
const OUTPUT_MARKER: (&str, &str) = ("written-by", "face-detect");

const MAX_CACHED_BUCKETS: usize = 16;

#[derive(Default)]
pub struct Storage {
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    access: Option<S3Access>,
    /// By configuration and name.
    buckets: HashMap<(StorageConfig, String), Bucket>,
}

impl Storage {
    /// Finds an object of at most `limit` bytes; a larger one is refused. `None` for one that this
    /// function wrote, if those are `guarded` against.
    pub async fn get(
        &self,
        config: &StorageConfig,
        object: &Object,
        limit: u64,
        skip_own_output: bool,
    ) -> Result<Option<GetResult>> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| storage_error("read", config, bucket, key, &error);
        let store = self.bucket(config, bucket)?;
        let options = GetOptions {
            version: object.version_id.clone(),
            ..GetOptions::default()
        };
        let found = store.get(&object_path(key)?, options).await.map_err(fail)?;
        let marker = found
            .attributes
            .get(&Attribute::Metadata(OUTPUT_MARKER.0.into()));
        if skip_own_output && marker.is_some_and(|by| by.as_ref() == OUTPUT_MARKER.1) {
            return Ok(None);
        }
        let bytes = found.meta.size;
        if bytes > limit {
            return Err(Error::Photo {
                photo: config.url(bucket, key),
                refusal: Refusal::PhotoTooLarge { bytes, limit },
            });
        }
        Ok(Some(found))
    }

    pub async fn download(
        &self,
        config: &StorageConfig,
        object: &Object,
        found: GetResult,
    ) -> Result<Bytes> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| storage_error("read", config, bucket, key, &error);
        let (bytes, md5) = (
            found.meta.size,
            found.extensions.get::<ContentMd5>().copied(),
        );
        let content = found.bytes().await.map_err(fail)?;
        match integrity::integrity_error(&content, bytes, md5.as_ref()) {
            None => Ok(content),
            Some(reason) => Err(Error::StorageFailed {
                operation: "read",
                url: config.url(bucket, key),
                reason,
                temporary: true,
            }),
        }
    }

    /// Writes an object whole or not at all.
    pub async fn write(
        &self,
        config: &StorageConfig,
        bucket: &str,
        key: &str,
        content_type: &'static str,
        bytes: impl Into<PutPayload>,
    ) -> Result<()> {
        let fail = |error| storage_error("write", config, bucket, key, &error);
        let store = self.bucket(config, bucket)?;
        let mut options = PutOptions::default();
        // Files have no attributes.
        if config.location == Location::S3 {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, content_type),
                (Attribute::Metadata(OUTPUT_MARKER.0.into()), OUTPUT_MARKER.1),
            ]);
        }
        let path = object_path(key)?;
        let written = store.put(&path, bytes.into(), options);
        written.await.map_err(fail)?;
        Ok(())
    }

    /// Opens a connection for the next request to the bucket, or in S3 to any that is at the same address,
    /// and gets what that request is signed with. What fails is left to that request, which can say so.
    pub async fn connect(&self, config: &StorageConfig, bucket: &str) {
        if config.location == Location::S3
            && let Ok(store) = self.bucket(config, bucket)
        {
            let mut options = GetOptions::default();
            options.extensions.insert(ConnectOnly);
            // It fails always.
            let _ = store.get(&Path::from("any"), options).await;
        }
    }

    /// Drops all connections and credentials; the next use makes new ones.
    pub fn reset(&self) {
        *self.lock() = Cache::default();
    }

    fn bucket(&self, config: &StorageConfig, name: &str) -> Result<Bucket> {
        validate_bucket_name(name)?;
        config.check_bucket_allowed(name)?;
        let mut cache = self.lock();
        let key = (config.clone(), name.to_owned());
        if let Some(store) = cache.buckets.get(&key) {
            return Ok(store.clone());
        }
        let store = match &config.location {
            Location::S3 => {
                let owner = config.expected_bucket_owner.as_deref();
                let made = cache.access().and_then(|access| access.bucket(name, owner));
                Bucket::S3(made.map_err(|error| configuration_error(config, name, &error))?)
            }
            Location::Folder(folder) => {
                let made = LocalFileSystem::new_with_prefix(folder.join(name));
                // It fails where there is no such folder.
                Bucket::Folder(made.map_err(|_| Error::BucketNotFound(name.to_owned()))?)
            }
        };
        if cache.buckets.len() >= MAX_CACHED_BUCKETS {
            cache.buckets.clear();
        }
        cache.buckets.insert(key, store.clone());
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        // Whoever panicked with it left it whole.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn access(&mut self) -> object_store::Result<&S3Access> {
        match &mut self.access {
            Some(access) => Ok(access),
            none => Ok(none.insert(S3Access::from_env()?)),
        }
    }
}

/// Refuses what cannot be a bucket's name, and would be part of an address or of a path. Source:
/// Amazon S3 User Guide, "General purpose bucket naming rules"; old buckets have capitals and
/// underscores.
fn validate_bucket_name(name: &str) -> Result<()> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if !name.is_empty() && name.chars().all(is_allowed) && !name.starts_with('.') {
        return Ok(());
    }
    let reason = format!("`{name}` is no name of a bucket");
    Err(Error::InvalidRequest(reason))
}

/// The key as it is. Not every key is a path of the object store; those that are not would be read
/// and written under another name, so they are refused.
fn object_path(key: &str) -> Result<Path> {
    let parsed = Path::parse(key).ok().filter(|path| path.as_ref() == key);
    parsed.filter(|_| !key.is_empty()).ok_or_else(|| {
        Error::InvalidRequest(format!(
            "`{key}` is no key that can be used: it has an empty part, or one that is `.` or `..`"
        ))
    })
}

#[cfg(test)]
pub(crate) mod tests;
