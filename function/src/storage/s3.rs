//! Access to buckets in S3, with the credentials, region and endpoint that Lambda or a local test puts into
//! the environment.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, Result, RetryConfig};
use reqwest::Client;

use super::credentials::ContainerCredentials;
use super::tls::{self, Connector};

/// How often a request is tried again while S3 is busy. The invocation's own end may come first.
const RETRIES: usize = 5;
/// How long a request may be tried again.
const PATIENCE: Duration = Duration::from_secs(60);
/// The wait before the first try again; each wait after it may be twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What all buckets share: connections, and credentials that were asked for.
#[derive(Clone, Debug)]
pub struct Access {
    client: Client,
    credentials: Option<Arc<ContainerCredentials>>,
}

impl Access {
    /// The access that the environment gives.
    pub fn from_env() -> Result<Self> {
        let credentials = ContainerCredentials::from_env(|name| env::var(name).ok())?;
        Ok(Self {
            client: tls::client(true)?,
            credentials: credentials.map(Arc::new),
        })
    }

    #[cfg(test)]
    pub(super) fn to(client: Client) -> Self {
        Self {
            client,
            credentials: None,
        }
    }

    /// A bucket.
    pub fn bucket(&self, name: &str) -> Result<AmazonS3> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_retry(retry())
            .with_http_connector(self.connector());
        if let Some(credentials) = &self.credentials {
            builder = builder.with_credentials(Arc::clone(credentials) as _);
        }
        builder.build()
    }

    /// Gives a bucket the connections.
    pub(super) fn connector(&self) -> Connector {
        Connector(self.client.clone())
    }
}

/// How patient a request is.
pub(super) fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: PATIENCE,
        backoff: BackoffConfig {
            init_backoff: FIRST_WAIT,
            max_backoff: LONGEST_WAIT,
            base: 2.0,
        },
    }
}
