//! Access to buckets in S3, with the credentials, region and endpoint of the environment.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, Result, RetryConfig};
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::credentials::ContainerCredentials;
use super::tls::{self, Connector};

/// S3 refuses requests to a bucket of another account. Source: Amazon S3 User Guide, "Verifying bucket ownership with
/// bucket owner condition".
const EXPECTED_BUCKET_OWNER: HeaderName = HeaderName::from_static("x-amz-expected-bucket-owner");

/// The invocation's deadline can end the retries earlier.
const RETRY_CONFIG: RetryConfig = RetryConfig {
    max_retries: 5,
    retry_timeout: Duration::from_secs(60),
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    },
};

/// Shared by all buckets.
#[derive(Clone, Debug)]
pub struct S3Access {
    pub(super) client: Client,
    pub(super) credentials: Option<Arc<ContainerCredentials>>,
}

impl S3Access {
    pub fn from_env() -> Result<Self> {
        let credentials = ContainerCredentials::from_env(|name| env::var(name).ok())?;
        Ok(Self {
            client: tls::http_client(true)?,
            credentials: credentials.map(Arc::new),
        })
    }

    /// `owner` is the expected account.
    pub fn bucket(&self, name: &str, owner: Option<&str>) -> Result<AmazonS3> {
        self.build_bucket(AmazonS3Builder::from_env(), name, owner)
    }

    /// The owner header is signed and sent with requests to the bucket, but not with those for credentials,
    /// because these use only the connector's configuration.
    pub(super) fn build_bucket(&self, builder: AmazonS3Builder, name: &str, owner: Option<&str>) -> Result<AmazonS3> {
        let mut builder = builder
            .with_bucket_name(name)
            .with_retry(RETRY_CONFIG)
            .with_http_connector(Connector(self.client.clone()));
        if let Some(owner) = owner.and_then(|owner| HeaderValue::from_str(owner).ok()) {
            let headers = HeaderMap::from_iter([(EXPECTED_BUCKET_OWNER, owner)]);
            builder = builder.with_client_options(ClientOptions::new().with_default_headers(headers));
        }
        if let Some(credentials) = &self.credentials {
            builder = builder.with_credentials(Arc::clone(credentials) as _);
        }
        builder.build()
    }
}
