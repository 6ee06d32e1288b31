//! Objects in memory, by bucket and key. Keys are any text: they are compared byte by byte, and never are paths.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use s3s::crypto::{Checksum, Crc64Nvme, Md5, Sha256};
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
    pub(super) checksum: ObjectChecksum,
    pub(super) modified: SystemTime,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<Metadata>,
}

/// The checksum of an object's content, in base64.
#[derive(Clone)]
pub(super) enum ObjectChecksum {
    /// S3 computes it for objects that are uploaded without a checksum.
    /// Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3".
    Crc64Nvme(String),
    /// The client has sent it.
    Sha256(String),
}

impl Object {
    pub(super) fn new(content: Bytes) -> Self {
        Self {
            etag: hex::encode(Md5::checksum(&content)),
            checksum: ObjectChecksum::Crc64Nvme(BASE64_STANDARD.encode(Crc64Nvme::checksum(&content))),
            content,
            modified: SystemTime::now(),
            content_type: None,
            metadata: None,
        }
    }
}

impl ObjectChecksum {
    /// `None` if `sha256`, which the client sent, is not that of the content.
    pub(super) fn from_client(sha256: String, content: &[u8]) -> Option<Self> {
        let is_right = BASE64_STANDARD.encode(Sha256::checksum(content)) == sha256;
        is_right.then_some(Self::Sha256(sha256))
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
