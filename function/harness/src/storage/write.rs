//! Writes and moves objects.

use ::http::HeaderMap;
use ::http::header::{CONTENT_TYPE, HeaderValue};
use bytes::Bytes;

use super::key::validate_key;
use super::retry::Retries;
use super::s3::S3Bucket;
use super::{Bucket, ObjectMetadata, Storage, file_error};
use crate::error::Result;
use crate::options::StorageConfig;
use crate::request::Object;

impl Storage {
    /// Readers see the previous object or the whole new one.
    pub async fn write(
        &self,
        config: &StorageConfig,
        bucket: &str,
        key: &str,
        content_type: &'static str,
        content: impl Into<Bytes>,
    ) -> Result<()> {
        let content = content.into();
        match self.bucket(config, bucket)? {
            Bucket::S3(store) => {
                validate_key(key)?;
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
                Self::put(&store, config, (bucket, key), &headers, &content).await
            }
            Bucket::Folder(store) => {
                let written = store.write(key, content).await?;
                written.map_err(|error| file_error("write", &config.url(bucket, key), &error))
            }
        }
    }

    /// Moves an object in its bucket: writes it with its `content` under another key, and deletes it, unless it was
    /// replaced since. It keeps the type of its content and the user's metadata, and counts as this function's
    /// output.
    ///
    /// # Errors
    /// The object cannot be written or deleted. After the latter it exists twice, and may be moved again.
    pub async fn move_object(
        &self,
        config: &StorageConfig,
        object: &Object,
        (content, metadata): (Bytes, &ObjectMetadata),
        key: &str,
    ) -> Result<()> {
        let bucket = &object.bucket;
        match self.bucket(config, bucket)? {
            Bucket::S3(store) => {
                validate_key(key)?;
                Self::put(&store, config, (bucket, key), &metadata.0.headers, &content).await?;
                let mut retries = Retries::new();
                while let Err(error) = store.delete(&object.key, metadata.0.etag.as_ref()).await {
                    let waited = retries.wait(error).await;
                    waited.map_err(|error| error.into_error("delete", config, bucket, &object.key))?;
                }
                Ok(())
            }
            Bucket::Folder(store) => {
                let moved = store.rename(&object.key, key).await?;
                moved.map_err(|error| file_error("move", &config.url(bucket, &object.key), &error))
            }
        }
    }

    async fn put(
        store: &S3Bucket,
        config: &StorageConfig,
        (bucket, key): (&str, &str),
        headers: &HeaderMap,
        content: &Bytes,
    ) -> Result<()> {
        let mut retries = Retries::new();
        while let Err(error) = store.put(key, headers, content).await {
            let waited = retries.wait(error).await;
            waited.map_err(|error| error.into_error("write", config, bucket, key))?;
        }
        Ok(())
    }
}
