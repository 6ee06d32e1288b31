//! Reads objects up to a size limit, and writes them atomically.
//!
//! Buckets are in S3, or folders for local tests. Connections are kept for the next event, and one can be opened in
//! advance; [`Storage::reset`] drops them before a snapshot.

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
use crate::options::{StorageBackend, StorageConfig};
use crate::photo::Refusal;
use crate::request::Object;

/// Metadata of the objects that this function writes, to recognize them regardless of their keys.
const OUTPUT_MARKER: (&str, &str) = ("written-by", "face-detect");

const MAX_CACHED_BUCKETS: usize = 16;

#[derive(Default)]
pub struct Storage {
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    access: Option<S3Access>,
    buckets: HashMap<(StorageConfig, String), Bucket>,
}

impl Storage {
    /// Refuses an object of more than `limit` bytes. `None` for one that this function wrote, if `skip_own_output` is
    /// set.
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
        let marker = found.attributes.get(&Attribute::Metadata(OUTPUT_MARKER.0.into()));
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

    pub async fn download(&self, config: &StorageConfig, object: &Object, found: GetResult) -> Result<Bytes> {
        let (bucket, key) = (&object.bucket, &object.key);
        let fail = |error| storage_error("read", config, bucket, key, &error);
        let (bytes, md5) = (found.meta.size, found.extensions.get::<ContentMd5>().copied());
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

    /// Readers see the previous object or the whole new one.
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
        // `LocalFileSystem` does not support attributes.
        if config.backend == StorageBackend::S3 {
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

    /// Opens a connection for the next request to this bucket, or another at the same endpoint, and fetches
    /// credentials. Errors are ignored: they recur for that request, which reports them.
    pub async fn connect(&self, config: &StorageConfig, bucket: &str) {
        if config.backend == StorageBackend::S3
            && let Ok(store) = self.bucket(config, bucket)
        {
            let mut options = GetOptions::default();
            options.extensions.insert(ConnectOnly);
            // It always fails.
            let _ = store.get(&Path::from("any"), options).await;
        }
    }

    /// Drops all connections and credentials.
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
        let store = match &config.backend {
            StorageBackend::S3 => {
                let owner = config.expected_bucket_owner.as_deref();
                let made = cache.access().and_then(|access| access.bucket(name, owner));
                Bucket::S3(made.map_err(|error| configuration_error(config, name, &error))?)
            }
            StorageBackend::Folder(folder) => {
                let made = LocalFileSystem::new_with_prefix(folder.join(name));
                // It fails if the folder does not exist.
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
        // The cache is consistent even if a thread panicked while it held the lock.
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

/// The name becomes part of a URL or path. Source: Amazon S3 User Guide, "General purpose bucket naming rules"; old
/// buckets can have upper-case letters and underscores.
fn validate_bucket_name(name: &str) -> Result<()> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if !name.is_empty() && name.chars().all(is_allowed) && !name.starts_with('.') {
        return Ok(());
    }
    let reason = format!("`{name}` is not a bucket name");
    Err(Error::InvalidRequest(reason))
}

/// Refuses keys that `object_store` would normalize, and so read and write under another name.
fn object_path(key: &str) -> Result<Path> {
    let parsed = Path::parse(key).ok().filter(|path| path.as_ref() == key);
    parsed.filter(|_| !key.is_empty()).ok_or_else(|| {
        Error::InvalidRequest(format!(
            "the key `{key}` is not supported: a part of it is empty, `.` or `..`"
        ))
    })
}

#[cfg(test)]
pub(crate) mod tests;
