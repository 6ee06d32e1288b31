//! Writes and moves objects.

use ::http::HeaderMap;
use ::http::header::{CONTENT_TYPE, HeaderValue};
use bytes::Bytes;

use super::key::validate_key;
use super::retry::Retries;
use super::s3::S3Bucket;
use super::{Bucket, ObjectMetadata, Source, Storage, file_error};
use crate::error::{Error, Result};
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

    /// Refuses what [`Self::move_object`] cannot move. Sends no request.
    pub fn check_move(&self, config: &StorageConfig, bucket: &str, key: &str) -> Result<()> {
        self.check_names(config, bucket, key)?;
        match self.bucket(config, bucket)? {
            Bucket::S3(store) if store.transforms_content() => Err(Error::InvalidRequest(format!(
                "photos cannot be moved in `{bucket}`: it is an access point of Object Lambda, whose content is not \
                 that of the objects; use the bucket"
            ))),
            Bucket::S3(_) | Bucket::Folder(_) => Ok(()),
        }
    }

    /// Moves an object in its bucket: writes it with its `content` under another key, where it replaces what is there,
    /// and deletes it, unless it was replaced since. It keeps the type of its content and the user's metadata, and
    /// counts as this function's output.
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
                    // By another invocation, or by an attempt whose response was lost.
                    if error.is_missing_object() {
                        break;
                    }
                    let waited = retries.wait(error).await;
                    waited.map_err(|error| error.into_error("delete", config, bucket, &object.key))?;
                }
                Ok(())
            }
            Bucket::Folder(store) => {
                let written = store.write(key, content.clone()).await?;
                written.map_err(|error| file_error("write", &config.url(bucket, key), &error))?;
                let deleted = store.delete(&object.key, content).await?;
                deleted.map_err(|error| file_error("delete", &config.url(bucket, &object.key), &error))
            }
        }
    }

    /// Whether this function moved an object to this key. Of a file in a folder, which has no metadata, whether there
    /// is one.
    pub async fn has_moved_object(&self, config: &StorageConfig, bucket: &str, key: &str) -> Result<bool> {
        let object = Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        match self.get(config, &object, u64::MAX, true).await {
            Ok(Some(found)) => Ok(matches!(found.source, Source::File(_))),
            Ok(None) => Ok(true),
            Err(Error::ObjectNotFound(_)) => Ok(false),
            Err(error) => Err(error),
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
