//! Objects in memory, by bucket and key. Keys are any text: they are compared byte by byte, and never are paths.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::dto::Metadata;
use support::sync::lock_ignoring_poison;

/// Clones share their objects.
#[derive(Clone, Default)]
pub(super) struct Objects(Arc<Mutex<Buckets>>);

type Buckets = BTreeMap<String, BTreeMap<String, Object>>;

#[derive(Clone)]
pub(super) struct Object {
    pub(super) content: Bytes,
    /// The MD5 digest of the content, as S3's for objects that are uploaded in one part.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<Metadata>,
}

impl Object {
    pub(super) fn new(content: Bytes) -> Self {
        Self {
            etag: hex::encode(Md5::digest(&content)),
            content,
            modified: SystemTime::now(),
            content_type: None,
            metadata: None,
        }
    }
}

/// Each method returns `None` if the bucket does not exist.
impl Objects {
    pub(super) fn create_bucket(&self, bucket: &str) {
        self.lock().entry(bucket.to_owned()).or_default();
    }

    pub(super) fn put(&self, bucket: &str, key: &str, object: Object) -> Option<()> {
        self.lock().get_mut(bucket)?.insert(key.to_owned(), object);
        Some(())
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Option<Object>> {
        Some(self.lock().get(bucket)?.get(key).cloned())
    }

    /// The removed object.
    pub(super) fn remove(&self, bucket: &str, key: &str) -> Option<Option<Object>> {
        Some(self.lock().get_mut(bucket)?.remove(key))
    }

    pub(super) fn keys(&self, bucket: &str) -> Option<Vec<String>> {
        Some(self.lock().get(bucket)?.keys().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        lock_ignoring_poison(&self.0)
    }
}
