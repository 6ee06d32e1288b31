//! Requests to S3: the shared client, settings and credentials, and one attempt of a request to a bucket.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use ring::digest::{SHA256, digest};

use super::bucket_name::BucketName;
use super::credentials::{CredentialSource, Credentials};
use super::endpoint::{Endpoint, SigningRegion};
use super::environment::Environment;
use super::error::{ErrorResponse, RequestError, bucket_region};
use super::host_label::is_label;
use super::http::{HttpClient, Response, proxies};
use super::key::{encode, encode_key};
use super::session::SessionCache;
use super::sign::{Signer, sign};
use crate::options::StorageConfig;

/// The header with metadata of the objects that this function writes, to recognize them regardless of their keys.
pub(super) const OUTPUT_MARKER: &str = "x-amz-meta-written-by";
/// S3 refuses requests to a bucket of another account. Source: Amazon S3 User Guide, "Verifying bucket ownership with
/// bucket owner condition".
const EXPECTED_BUCKET_OWNER: HeaderName = HeaderName::from_static("x-amz-expected-bucket-owner");
/// Makes S3 send an object's checksums. Source: Amazon S3 API Reference, "GetObject".
const CHECKSUM_MODE: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-amz-checksum-mode"),
    HeaderValue::from_static("ENABLED"),
);

/// Buckets with Object Lock require it, and S3 keeps it for readers.
/// Source: Amazon S3 API Reference, "PutObject".
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");

/// Shared by all buckets.
pub(super) struct S3Access {
    pub(super) client: HttpClient,
    pub(super) environment: Environment,
    pub(super) credentials: CredentialSource,
}

impl S3Access {
    /// # Errors
    /// A variable is missing or invalid; the message names it.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self {
            environment: Environment::from_variables(&variable)?,
            credentials: CredentialSource::from_variables(&variable)?,
            client: HttpClient::new(Some(proxies(&variable)))?,
        })
    }
}

pub(super) struct S3Bucket {
    access: Arc<S3Access>,
    name: BucketName,
    owner: Option<HeaderValue>,
    /// The value of [`OUTPUT_MARKER`].
    writer: Option<HeaderValue>,
    /// The region that S3 named when a request was sent to another.
    region: Mutex<Option<String>>,
    session: SessionCache,
}

impl S3Bucket {
    pub(super) fn new(access: Arc<S3Access>, name: BucketName, config: &StorageConfig) -> Self {
        let value = |text: &str| HeaderValue::from_str(text).ok();
        Self {
            access,
            name,
            owner: config.expected_bucket_owner.as_deref().and_then(value),
            writer: value(&config.writer()),
            region: Mutex::default(),
            session: SessionCache::default(),
        }
    }

    /// The `ETag`s of directory buckets are random.
    /// Source: Amazon S3 User Guide, "Differences for directory buckets".
    pub(super) fn etag_is_md5(&self) -> bool {
        !self.is_directory()
    }

    /// Whether the content may differ from the stored object.
    pub(super) fn transforms_content(&self) -> bool {
        self.name.is_object_lambda()
    }

    /// Whether a response's headers say that this function wrote the object.
    pub(super) fn is_own_output(&self, headers: &HeaderMap) -> bool {
        self.writer.is_some() && headers.get(OUTPUT_MARKER) == self.writer.as_ref()
    }

    pub(super) async fn get(&self, key: &str, version: Option<&str>) -> Result<Response, RequestError> {
        let query = version.map(|version| format!("?versionId={}", encode(version)));
        let path = format!("/{}{}", encode_key(key), query.unwrap_or_default());
        let headers = HeaderMap::from_iter([CHECKSUM_MODE]);
        self.send(Method::GET, &path, &headers, &Bytes::new()).await
    }

    /// `headers` are the type of the content, and metadata.
    pub(super) async fn put(&self, key: &str, headers: &HeaderMap, content: &Bytes) -> Result<(), RequestError> {
        let mut headers = headers.clone();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
        if let Some(writer) = &self.writer {
            headers.insert(HeaderName::from_static(OUTPUT_MARKER), writer.clone());
        }
        let response = self
            .send(Method::PUT, &format!("/{}", encode_key(key)), &headers, content)
            .await?;
        // S3 sends nothing; reading to the end keeps the connection.
        response.body.read_message().await?;
        Ok(())
    }

    /// Deletes the object if it is still the one with this `ETag`; servers that do not know the condition ignore it.
    /// Source: Amazon S3 User Guide, "How to perform conditional deletes".
    pub(super) async fn delete(&self, key: &str, etag: Option<&HeaderValue>) -> Result<(), RequestError> {
        let headers = etag.map(|etag| (IF_MATCH, etag.clone())).into_iter().collect();
        let path = format!("/{}", encode_key(key));
        let response = self.send(Method::DELETE, &path, &headers, &Bytes::new()).await?;
        response.body.read_message().await?;
        Ok(())
    }

    /// Opens a connection for the next request, and fetches credentials.
    pub(super) async fn connect(&self) -> Result<(), RequestError> {
        self.access.credentials.get().await?;
        Ok(self.access.client.connect(&self.endpoint()?.origin).await?)
    }

    /// Follows S3 to the bucket's region once, and remembers it. The host is derived from the region, and never is one
    /// that the response names: requests contain the session's token.
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        content: &Bytes,
    ) -> Result<Response, RequestError> {
        let sent_to = self.endpoint()?.region;
        let attempt = || self.attempt(method.clone(), path, headers, content);
        let sent = attempt().await;
        let Err(RequestError::Response(response)) = &sent else {
            return sent;
        };
        if response.has_expired_credentials() && self.expire_credentials().await {
            return Err(RequestError::Credentials(
                "those of the last request have expired".to_owned(),
            ));
        }
        if !(response.is_from_another_region() && self.has_any_region()) {
            return sent;
        }
        let region = match response.bucket_region() {
            Some(region) => Some(region.to_owned()),
            None => self.find_region().await?,
        };
        match region.filter(|region| is_label(region) && sent_to != SigningRegion::One(region.clone())) {
            Some(region) => {
                *self.region.lock().unwrap_or_else(PoisonError::into_inner) = Some(region);
                attempt().await
            }
            None => sent,
        }
    }

    /// The bucket's region by the request that always has it in its response, whatever its status.
    /// Source: Amazon S3 API Reference, "HeadBucket".
    async fn find_region(&self) -> Result<Option<String>, RequestError> {
        let role = self.access.credentials.get().await?;
        let endpoint = self.endpoint()?;
        let path = if endpoint.path.is_empty() { "/" } else { "" };
        let mut request = unsigned(Method::HEAD, &endpoint, path, Bytes::new())?;
        sign_as_role(&mut request, &endpoint, &role)?;
        let response = self.access.client.send(&endpoint.origin, request).await?;
        let region = bucket_region(&response.headers);
        // A response to HEAD has no body; reading to its end keeps the connection.
        let response = ErrorResponse::read(response, &endpoint.region).await?;
        match RequestError::Response(response) {
            error if region.is_none() && error.is_retryable() => Err(error),
            _ => Ok(region),
        }
    }

    async fn attempt(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        content: &Bytes,
    ) -> Result<Response, RequestError> {
        let role = self.access.credentials.get().await?;
        let endpoint = self.endpoint()?;
        let (credentials, signer) = if self.is_directory() && !self.access.environment.session_auth_disabled {
            let create = || self.create_session(&role, &endpoint);
            (self.session.get(create).await?, Signer::BucketSession)
        } else {
            (Arc::clone(&role), Signer::Role)
        };
        let mut request = unsigned(method, &endpoint, path, content.clone())?;
        request.headers_mut().extend(headers.clone());
        if let Some(owner) = &self.owner {
            request.headers_mut().insert(EXPECTED_BUCKET_OWNER, owner.clone());
        }
        // The response to it has none.
        let has_no_etag = request.method() == Method::DELETE;
        let digest = digest(&SHA256, content);
        if request.method() == Method::PUT && self.access.environment.upload_checksums {
            let checksum = HeaderValue::from_str(&BASE64_STANDARD.encode(digest.as_ref()));
            request
                .headers_mut()
                .insert(CHECKSUM, checksum.expect("base64 is ASCII"));
        }
        let time = SystemTime::now();
        sign(&mut request, &digest, &endpoint, (&credentials, signer), time).map_err(RequestError::Configuration)?;
        let response = self.respond(&endpoint, request).await?;
        // S3 returns the `ETag` of each object that it sends or stores, so a response without one comes from something
        // else, such as a proxy with an error page.
        if !has_no_etag && !response.headers.contains_key(ETAG) && !self.transforms_content() {
            let reason = "the response has no ETag, so it is not from S3";
            return Err(RequestError::Corrupt(reason.to_owned()));
        }
        Ok(response)
    }

    async fn respond(&self, endpoint: &Endpoint, request: Request<Full<Bytes>>) -> Result<Response, RequestError> {
        let response = self.access.client.send(&endpoint.origin, request).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        let response = ErrorResponse::read(response, &endpoint.region).await?;
        Err(RequestError::Response(response))
    }

    /// Returns whether the next attempt will have others.
    async fn expire_credentials(&self) -> bool {
        let has_session = self.session.expire().await;
        self.access.credentials.expire().await || has_session
    }

    /// The response's body has the credentials of a session.
    async fn create_session(&self, role: &Credentials, endpoint: &Endpoint) -> Result<Vec<u8>, RequestError> {
        let mut request = unsigned(Method::GET, endpoint, "/?session", Bytes::new())?;
        sign_as_role(&mut request, endpoint, role)?;
        let response = self.respond(endpoint, request).await?;
        Ok(response.body.read_message().await?)
    }

    fn endpoint(&self) -> Result<Endpoint, RequestError> {
        let found = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = &self.access.environment;
        let region = found.as_ref().unwrap_or(&environment.region);
        Endpoint::new(&self.name, environment, region).map_err(RequestError::Configuration)
    }

    fn is_directory(&self) -> bool {
        matches!(self.name, BucketName::Directory { .. })
    }

    /// Whether the name does not say in which region the bucket is.
    fn has_any_region(&self) -> bool {
        matches!(self.name, BucketName::General(_) | BucketName::Alias(_))
    }
}

/// Signs a request without a body.
fn sign_as_role(
    request: &mut Request<Full<Bytes>>,
    endpoint: &Endpoint,
    role: &Credentials,
) -> Result<(), RequestError> {
    let digest = digest(&SHA256, &[]);
    let signed = sign(request, &digest, endpoint, (role, Signer::Role), SystemTime::now());
    signed.map_err(RequestError::Configuration)
}

/// `path` is that of an object, below the bucket.
fn unsigned(
    method: Method,
    endpoint: &Endpoint,
    path: &str,
    content: Bytes,
) -> Result<Request<Full<Bytes>>, RequestError> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", endpoint.path));
    let request = request.body(Full::from(content));
    request.map_err(|_| RequestError::Configuration("the endpoint's path is invalid".to_owned()))
}
