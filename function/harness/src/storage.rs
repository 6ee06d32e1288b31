//! Reads objects up to a size limit, and writes them atomically.
//!
//! Buckets are in S3, or folders for local tests. Connections are kept for the next event, and one can be opened in
//! advance; [`Storage::reset`] drops them before a snapshot.

mod bucket_name;
mod credentials;
mod endpoint;
mod environment;
mod error;
mod folder;
mod host_label;
mod http;
mod integrity;
mod key;
mod object;
mod retry;
mod s3;
mod session;
mod sign;
mod tls;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{env, io};

use bucket_name::BucketName;
use bytes::Bytes;
use error::RequestError;
use folder::{FolderBucket, ObjectFile};
use key::validate_key;
use object::{S3Object, StoredMetadata};
use s3::{S3Access, S3Bucket};

use crate::error::{Error, Result};
use crate::options::{StorageBackend, StorageConfig};
use crate::photo::Refusal;
use crate::request::Object;

const MAX_CACHED_BUCKETS: usize = 16;

/// The value of an environment variable, if it is set.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

pub struct Storage {
    variables: Box<Variables>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    access: Option<Arc<S3Access>>,
    buckets: HashMap<(StorageConfig, String), Bucket>,
}

#[derive(Clone)]
enum Bucket {
    S3(Arc<S3Bucket>),
    Folder(Arc<FolderBucket>),
}

/// An object whose content is not yet read.
pub struct FoundObject {
    /// In bytes.
    pub size: u64,
    source: Source,
}

/// What is needed to move an object besides its content.
#[derive(Clone, Default)]
pub struct ObjectMetadata(StoredMetadata);

enum Source {
    S3(Arc<S3Bucket>, Box<S3Object>),
    File(ObjectFile),
}

impl Default for Storage {
    fn default() -> Self {
        Self::new(|name| env::var(name).ok())
    }
}

impl FoundObject {
    pub fn metadata(&self) -> ObjectMetadata {
        match &self.source {
            Source::S3(_, found) => ObjectMetadata(found.metadata.clone()),
            Source::File(_) => ObjectMetadata::default(),
        }
    }
}

impl Storage {
    /// The settings of S3 are read when it is first used: the first event should not wait for them, and they change
    /// when the function is restored from a snapshot.
    fn new(variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            variables: Box::new(variables),
            cache: Mutex::default(),
        }
    }

    /// Refuses what cannot be the names of a bucket and of an object in it. Sends no request.
    pub fn check_names(&self, config: &StorageConfig, bucket: &str, key: &str) -> Result<()> {
        match self.bucket(config, bucket)? {
            Bucket::S3(_) => validate_key(key),
            // The file system has limits of its own.
            Bucket::Folder(_) => Ok(()),
        }
    }

    /// Refuses an object of more than `limit` bytes. `None` for one that this function wrote, if `skip_own_output` is
    /// set.
    pub async fn get(
        &self,
        config: &StorageConfig,
        object: &Object,
        limit: u64,
        skip_own_output: bool,
    ) -> Result<Option<FoundObject>> {
        let (bucket, key) = (&object.bucket, &object.key);
        let found = match self.bucket(config, bucket)? {
            Bucket::S3(store) => {
                validate_key(key)?;
                let found = S3Object::find(&store, object).await;
                let found = found.map_err(|error| error.into_error("read", config, bucket, key))?;
                if skip_own_output && found.is_own_output {
                    return Ok(None);
                }
                FoundObject {
                    size: found.size(),
                    source: Source::S3(store, Box::new(found)),
                }
            }
            Bucket::Folder(store) => {
                let file = store.find(key).await?;
                let file = file.map_err(|error| file_error("read", &config.url(bucket, key), &error))?;
                FoundObject {
                    size: file.size,
                    source: Source::File(file),
                }
            }
        };
        let bytes = found.size;
        if bytes > limit {
            return Err(Error::Photo {
                photo: config.url(bucket, key),
                refusal: Refusal::PhotoTooLarge {
                    bytes,
                    limit,
                    variable: config.variable("max_bytes"),
                },
            });
        }
        Ok(Some(found))
    }

    pub async fn download(&self, config: &StorageConfig, object: &Object, found: FoundObject) -> Result<Bytes> {
        let (bucket, key) = (&object.bucket, &object.key);
        match found.source {
            Source::S3(store, found) => {
                let content = found.download(&store, object).await;
                content.map_err(|error| error.into_error("read", config, bucket, key))
            }
            Source::File(file) => {
                let content = file.read().await;
                content.map_err(|error| file_error("read", &config.url(bucket, key), &error))
            }
        }
    }

    /// Opens a connection for the next request to this bucket, or another at the same endpoint, and fetches
    /// credentials. Errors are ignored: they recur for that request, which reports them.
    pub async fn connect(&self, config: &StorageConfig, bucket: &str) {
        if let Ok(Bucket::S3(store)) = self.bucket(config, bucket) {
            let _ = store.connect().await;
        }
    }

    /// Drops all connections and credentials.
    pub fn reset(&self) {
        *self.lock() = Cache::default();
    }

    fn bucket(&self, config: &StorageConfig, name: &str) -> Result<Bucket> {
        config.check_bucket_allowed(name)?;
        let mut cache = self.lock();
        let key = (config.clone(), name.to_owned());
        if let Some(store) = cache.buckets.get(&key) {
            return Ok(store.clone());
        }
        let store = match &config.backend {
            StorageBackend::S3 => {
                let parsed = BucketName::parse(name).map_err(Error::InvalidRequest)?;
                let access = cache.access(&self.variables).map_err(|reason| {
                    let error = RequestError::Configuration(reason);
                    error.into_error("use", config, name, "")
                })?;
                Bucket::S3(Arc::new(S3Bucket::new(access, parsed, config)))
            }
            StorageBackend::Folder(folder) => Bucket::Folder(Arc::new(FolderBucket::open(folder, name)?)),
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
    fn access(&mut self, variables: &Variables) -> Result<Arc<S3Access>, String> {
        if let Some(access) = &self.access {
            return Ok(Arc::clone(access));
        }
        let access = Arc::new(S3Access::from_variables(variables)?);
        self.access = Some(Arc::clone(&access));
        Ok(access)
    }
}

fn file_error(operation: &'static str, url: &str, error: &io::Error) -> Error {
    if operation == "read" && error.kind() == io::ErrorKind::NotFound {
        return Error::ObjectNotFound(url.to_owned());
    }
    Error::StorageFailed {
        operation,
        url: url.to_owned(),
        reason: error.to_string(),
        temporary: false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
