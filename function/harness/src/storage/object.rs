//! An object in S3: a response to a request for it, and its content, which is verified.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue};

use super::error::RequestError;
use super::http::Body;
use super::integrity::ExpectedContent;
use super::retry::Retries;
use super::s3::S3Bucket;
use crate::request::Object;

/// What S3 stores with an object's content.
#[derive(Clone, Default)]
pub(super) struct StoredMetadata {
    pub(super) etag: Option<HeaderValue>,
    /// The type of the content, and the user's metadata.
    pub(super) headers: HeaderMap,
}

/// A response whose body is not yet read.
pub(super) struct S3Object {
    body: Body,
    expected: ExpectedContent,
    pub(super) is_own_output: bool,
    pub(super) metadata: StoredMetadata,
}

impl StoredMetadata {
    fn from_headers(headers: &HeaderMap) -> Self {
        let is_kept = |name: &str| name == CONTENT_TYPE.as_str() || name.starts_with("x-amz-meta-");
        let kept = headers.iter().filter(|(name, _)| is_kept(name.as_str()));
        Self {
            etag: headers.get(ETAG).cloned(),
            headers: kept.map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    }
}

impl S3Object {
    pub(super) async fn find(store: &S3Bucket, object: &Object) -> Result<Self, RequestError> {
        let mut retries = Retries::new();
        loop {
            match Self::find_once(store, object).await {
                Ok(found) => return Ok(found),
                Err(error) => retries.wait(error).await?,
            }
        }
    }

    async fn find_once(store: &S3Bucket, object: &Object) -> Result<Self, RequestError> {
        let response = store.get(&object.key, object.version_id.as_deref()).await?;
        let headers = &response.headers;
        let expected = if store.transforms_content() {
            let reason = "the Object Lambda function does not state the length of the content; let it pass \
                          `ContentLength` to WriteGetObjectResponse";
            ExpectedContent::with_length_only(headers).ok_or_else(|| RequestError::Configuration(reason.to_owned()))
        } else {
            let expected = ExpectedContent::from_headers(headers, store.etag_is_md5());
            expected.ok_or_else(|| RequestError::Corrupt("the response has no length".to_owned()))
        };
        Ok(Self {
            expected: expected?,
            is_own_output: store.is_own_output(headers),
            metadata: StoredMetadata::from_headers(headers),
            body: response.body,
        })
    }

    /// In bytes.
    pub(super) fn size(&self) -> u64 {
        self.expected.length
    }

    /// Requests the object again if its content does not arrive as S3 sent it.
    pub(super) async fn download(self, store: &S3Bucket, object: &Object) -> Result<Bytes, RequestError> {
        let size = self.size();
        let mut retries = Retries::new();
        let mut content = self.read().await;
        loop {
            match content {
                Ok(content) => return Ok(content),
                Err(error) => retries.wait(error).await?,
            }
            content = match Self::find_once(store, object).await {
                Err(error) => Err(error),
                // The caller has checked this size, and has memory for it.
                Ok(again) if again.size() > size => {
                    let reason = "the object was replaced by a larger one while it was read";
                    return Err(RequestError::Corrupt(reason.to_owned()));
                }
                Ok(again) => again.read().await,
            };
        }
    }

    async fn read(self) -> Result<Bytes, RequestError> {
        let length = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let content = self.body.read(length, length).await?;
        match self.expected.mismatch(&content) {
            None => Ok(content.into()),
            Some(reason) => Err(RequestError::Corrupt(reason)),
        }
    }
}
