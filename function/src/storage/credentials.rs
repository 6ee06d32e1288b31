//! The credentials of a function that was restored from a snapshot: Lambda serves them at a local endpoint,
//! because those in the environment would be older than the snapshot.
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider". `object_store` supports this
//! for EKS, where the token is in a file, but not for Lambda, where it is in a variable; and it would accept
//! any address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::aws::AwsCredential;
use object_store::{CredentialProvider, Error, Result};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::tls;

const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// A path on the ECS endpoint.
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const AUTHORIZATION_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
/// A file with the token; takes precedence over the variable.
const AUTHORIZATION_TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// Addresses besides loopback that the AWS SDKs permit without TLS: those of ECS and EKS, which are link-local or
/// unique local.
const CONTAINER_ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];
/// Credentials are refreshed this long before they expire.
const REFRESH_MARGIN: Duration = Duration::from_secs(300);

/// Fetches credentials and caches them until shortly before they expire.
pub struct ContainerCredentials {
    url: Url,
    token: AuthorizationToken,
    client: reqwest::Client,
    cache: Mutex<Option<CachedCredential>>,
}

enum AuthorizationToken {
    Value(String),
    File(String),
}

struct CachedCredential {
    credential: Arc<AwsCredential>,
    refresh_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsResponse {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: DateTime<Utc>,
}

impl ContainerCredentials {
    /// `None` if the variables are not set.
    ///
    /// # Errors
    /// The variables contain an address from which credentials must not be fetched.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let value_of = |name: &str| variable(name).filter(|value| !value.is_empty());
        if value_of(RELATIVE_URI).is_some_and(|path| !path.starts_with('/')) {
            // It would become part of the host name.
            return Err(configuration_error(format!(
                "{RELATIVE_URI} is not a path: it does not begin with `/`"
            )));
        }
        let Some(url) = value_of(FULL_URI) else {
            return Ok(None);
        };
        let url = allowed_endpoint(&url)?;
        let token = value_of(AUTHORIZATION_TOKEN_FILE).map(AuthorizationToken::File);
        let Some(token) = token.or_else(|| value_of(AUTHORIZATION_TOKEN).map(AuthorizationToken::Value)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            url,
            token,
            // The token must not leave this machine through a proxy.
            client: tls::http_client(false)?,
            cache: Mutex::new(None),
        }))
    }

    async fn fetch(&self) -> Result<CachedCredential, Box<dyn std::error::Error + Send + Sync>> {
        let token = match &self.token {
            AuthorizationToken::Value(text) => text.clone(),
            // The file can change, so it is read each time.
            AuthorizationToken::File(path) => fs::read_to_string(path)
                .map_err(|error| format!("failed to read {AUTHORIZATION_TOKEN_FILE}: {error}"))?,
        };
        let request = self
            .client
            .get(self.url.clone())
            .header("authorization", token.trim_end());
        let response = request.send().await?.error_for_status()?.bytes().await?;
        let response: CredentialsResponse = serde_json::from_slice(&response)?;
        Ok(CachedCredential {
            credential: Arc::new(AwsCredential {
                key_id: response.access_key_id,
                secret_key: response.secret_access_key,
                token: response.token,
            }),
            refresh_at: response.expiration - REFRESH_MARGIN,
        })
    }
}

/// Permits TLS, and plain HTTP only to local addresses.
fn allowed_endpoint(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| configuration_error(format!("{FULL_URI} is not a URL: {error}")))?;
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_local = |address: IpAddr| address.is_loopback() || CONTAINER_ADDRESSES.contains(&address);
    match url.scheme() {
        "https" => Ok(url),
        "http" if host == "localhost" || address.is_some_and(is_local) => Ok(url),
        scheme => Err(configuration_error(format!(
            "{FULL_URI} must not be at `{scheme}://{host}`; credentials are only fetched over https, or over \
             http from 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]"
        ))),
    }
}

fn configuration_error(reason: String) -> Error {
    Error::Generic {
        store: "S3",
        source: reason.into(),
    }
}

#[async_trait]
impl CredentialProvider for ContainerCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> Result<Arc<AwsCredential>> {
        let mut cache = self.cache.lock().await;
        if let Some(cache) = cache.as_ref()
            && Utc::now() < cache.refresh_at
        {
            return Ok(Arc::clone(&cache.credential));
        }
        let new = self.fetch().await.map_err(|source| Error::Generic {
            store: "the role's credentials",
            source,
        })?;
        Ok(Arc::clone(&cache.insert(new).credential))
    }
}

impl fmt::Debug for ContainerCredentials {
    /// Without secrets, because the output can get into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerCredentials")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_variables(variables: &[(&str, &str)]) -> Result<Option<ContainerCredentials>> {
        ContainerCredentials::from_env(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn credentials_are_fetched_over_tls_or_from_local_addresses_only() {
        for url in [
            "http://127.0.0.1:9001/2021-04-23/credentials",
            "http://127.8.8.8/",
            "http://localhost:8080/role",
            "http://[::1]/role",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://credentials.example.com/role",
        ] {
            assert!(
                from_variables(&[(FULL_URI, url), (AUTHORIZATION_TOKEN, "t")])
                    .unwrap()
                    .is_some(),
                "{url}"
            );
        }
        for url in [
            "http://credentials.example.com/role",
            "http://127.0.0.1@example.com/role",
            "http://127.0.0.1.example.com/role",
            "http://localhost.example.com/",
            "http://10.0.0.1/role",
            "http://169.254.169.254/role",
            "http://[::ffff:10.0.0.1]/role",
            "http://0.0.0.0/role",
            "ftp://127.0.0.1/role",
            "file:///etc/passwd",
            "127.0.0.1/role",
        ] {
            // Even without a token for this type: `object_store` would use the address itself.
            for token in [AUTHORIZATION_TOKEN, AUTHORIZATION_TOKEN_FILE, "OTHER"] {
                let message = from_variables(&[(FULL_URI, url), (token, "SECRET")])
                    .unwrap_err()
                    .to_string();
                assert!(message.contains(FULL_URI) && !message.contains("SECRET"), "{message}");
            }
        }
        let message = from_variables(&[(FULL_URI, "http://me:SECRET@example.com/a")]).unwrap_err();
        assert!(!message.to_string().contains("SECRET"), "{message}");
    }

    #[test]
    fn relative_uri_must_be_a_path() {
        assert!(from_variables(&[(RELATIVE_URI, "/v2/credentials")]).unwrap().is_none());
        let message = from_variables(&[(RELATIVE_URI, "@example.com/")])
            .unwrap_err()
            .to_string();
        assert!(message.contains(RELATIVE_URI), "{message}");
    }
}
