//! Photos in S3, with the credentials, region and endpoint that Lambda or a local test puts into
//! the environment.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload, RetryConfig};

use crate::error::{Error, Result};
use crate::tls::Connector;

/// How long a request may be tried again.
const RETRY: Duration = Duration::from_secs(30);

/// Buckets by name; each keeps its connections for the next event.
#[derive(Default)]
pub struct Storage {
    buckets: Mutex<HashMap<String, AmazonS3>>,
}

impl Storage {
    /// Reads an object whole.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let fail = |error| failure("read", bucket, key, error);
        let store = self.bucket(bucket).map_err(fail)?;
        let found = store.get(&path(key)?).await.map_err(fail)?;
        found.bytes().await.map_err(fail)
    }

    /// Writes an object whole or not at all.
    pub async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<()> {
        let fail = |error| failure("write", bucket, key, error);
        let store = self.bucket(bucket).map_err(fail)?;
        store
            .put(&path(key)?, PutPayload::from(bytes))
            .await
            .map_err(fail)?;
        Ok(())
    }

    fn bucket(&self, name: &str) -> object_store::Result<AmazonS3> {
        let mut buckets = match self.buckets.lock() {
            Ok(buckets) => buckets,
            // Whoever panicked here left the map as it was.
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some(store) = buckets.get(name) {
            return Ok(store.clone());
        }
        let builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_retry(RetryConfig {
                max_retries: 3,
                retry_timeout: RETRY,
                ..RetryConfig::default()
            })
            .with_http_connector(Connector);
        let store = builder.build()?;
        buckets.insert(name.to_owned(), store.clone());
        Ok(store)
    }
}

/// The key as it is. Not every key is a path of the object store; those that are not would be read
/// and written under another name, so they are refused.
fn path(key: &str) -> Result<Path> {
    let parsed = Path::parse(key).ok().filter(|path| path.as_ref() == key);
    parsed.ok_or_else(|| {
        Error::InvalidRequest(format!(
            "`{key}` is no key that can be used: it has an empty part, or one that is `.` or `..`"
        ))
    })
}

fn failure(verb: &'static str, bucket: &str, key: &str, error: object_store::Error) -> Error {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    match error {
        object_store::Error::NotFound { source, .. } => {
            if source.to_string().contains("NoSuchBucket") {
                Error::BucketNotFound(bucket)
            } else {
                Error::ObjectNotFound { bucket, key }
            }
        }
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Error::AccessDenied { verb, bucket, key },
        other => Error::StorageFailed {
            verb,
            bucket,
            key,
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_become_others_are_refused() {
        path("a/photo 1+2.jpg").unwrap();
        for key in ["/a.jpg", "a.jpg/", "a//b.jpg", "a/../b.jpg", "./a.jpg"] {
            let error = path(key).unwrap_err();
            assert!(matches!(error, Error::InvalidRequest(_)), "{key}");
        }
    }

    #[test]
    fn what_s3_says_becomes_an_error_with_a_name() {
        let not_found = |code: &str| object_store::Error::NotFound {
            path: "k".into(),
            source: format!("<Error><Code>{code}</Code></Error>").into(),
        };
        let error = failure("read", "b", "k", not_found("NoSuchBucket"));
        assert!(matches!(error, Error::BucketNotFound(bucket) if bucket == "b"));
        let error = failure("read", "b", "k", not_found("NoSuchKey"));
        assert_eq!(error.to_string(), "there is no object s3://b/k");
        let denied = object_store::Error::PermissionDenied {
            path: "k".into(),
            source: "403".into(),
        };
        assert!(matches!(
            failure("write", "b", "k", denied),
            Error::AccessDenied { .. }
        ));
    }
}
