//! The credentials of a function that was restored from a snapshot: Lambda serves them on the
//! machine itself, because those of the environment would be older than the snapshot.
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider". The object store
//! knows this for EKS, where the token is in a file, and not for Lambda, where it is a variable.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use object_store::{CredentialProvider, Error, Result};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::tls;

/// Where the credentials are.
const URL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// What must be said to get them.
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
/// How long before they end new ones are asked for.
const EARLY: Duration = Duration::from_secs(300);

/// Asks for credentials and keeps them until they are about to end.
pub struct ContainerCredentials {
    url: String,
    token: String,
    client: reqwest::Client,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    credential: Arc<AwsCredential>,
    until: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: DateTime<Utc>,
}

impl ContainerCredentials {
    /// Credentials by the variables that Lambda sets; `None` where it does not.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let (Some(url), Some(token)) = (variable(URL), variable(TOKEN)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            url,
            token,
            // They are on this machine, and so must what is said for them stay.
            client: tls::client(false)?,
            kept: Mutex::new(None),
        }))
    }

    async fn ask(&self) -> Result<Kept, Box<dyn std::error::Error + Send + Sync>> {
        let asked = self
            .client
            .get(&self.url)
            .header("authorization", &self.token);
        let answer = asked.send().await?.error_for_status()?.bytes().await?;
        let answer: Answer = serde_json::from_slice(&answer)?;
        Ok(Kept {
            credential: Arc::new(AwsCredential {
                key_id: answer.access_key_id,
                secret_key: answer.secret_access_key,
                token: answer.token,
            }),
            until: answer.expiration - EARLY,
        })
    }
}

#[async_trait]
impl CredentialProvider for ContainerCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> Result<Arc<AwsCredential>> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && Utc::now() < kept.until
        {
            return Ok(Arc::clone(&kept.credential));
        }
        let new = self.ask().await.map_err(|source| Error::Generic {
            store: "the role's credentials",
            source,
        })?;
        Ok(Arc::clone(&kept.insert(new).credential))
    }
}

impl fmt::Debug for ContainerCredentials {
    /// Without what nobody must read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerCredentials")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
