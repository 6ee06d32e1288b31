//! Photos in S3, with the credentials, region and endpoint that Lambda or a local test puts into
//! the environment.

use std::collections::HashMap;
use std::env;
use std::sync::Mutex;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::error::{Error, Result};
use crate::tls::Connector;

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
        let found = store.get(&path(key).map_err(fail)?).await.map_err(fail)?;
        found.bytes().await.map_err(fail)
    }

    /// Writes an object whole or not at all.
    pub async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<()> {
        let fail = |error| failure("write", bucket, key, error);
        let store = self.bucket(bucket).map_err(fail)?;
        let path = path(key).map_err(fail)?;
        store
            .put(&path, PutPayload::from(bytes))
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
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_http_connector(Connector);
        let endpoint = env::var("AWS_ENDPOINT_URL_S3").or_else(|_| env::var("AWS_ENDPOINT_URL"));
        if let Ok(endpoint) = endpoint {
            builder = builder
                .with_allow_http(endpoint.starts_with("http://"))
                .with_endpoint(endpoint);
        }
        let store = builder.build()?;
        buckets.insert(name.to_owned(), store.clone());
        Ok(store)
    }
}

/// The key as it is: not every key is a path, and those that are not are refused by name.
fn path(key: &str) -> object_store::Result<Path> {
    Ok(Path::parse(key)?)
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
