//! The credentials of the function's role: from the environment, or from a local endpoint. Lambda has such an endpoint
//! for functions that were restored from a snapshot, because credentials in the environment would be as old as it.
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Uri, header};
use http_body_util::Full;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::endpoint::Origin;
use super::error::RequestError;
use super::http::HttpClient;

const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// A path on the ECS endpoint.
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const ECS_HOST: &str = "http://169.254.170.2";
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

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

pub(super) enum CredentialSource {
    Environment(Arc<Credentials>),
    Container(Box<ContainerCredentials>),
}

impl CredentialSource {
    /// # Errors
    /// The variables have no credentials, or an address from which credentials must not be fetched.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let value_of = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(container) = ContainerCredentials::from_variables(&variable)? {
            return Ok(Self::Container(Box::new(container)));
        }
        let keys = [value_of("AWS_ACCESS_KEY_ID"), value_of("AWS_SECRET_ACCESS_KEY")];
        let [Some(access_key_id), Some(secret_access_key)] = keys else {
            return Err(
                "there are no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; Lambda \
                        sets them to those of the function's role"
                    .to_owned(),
            );
        };
        Ok(Self::Environment(Arc::new(Credentials {
            access_key_id,
            secret_access_key,
            session_token: value_of("AWS_SESSION_TOKEN"),
        })))
    }

    pub(super) async fn get(&self) -> Result<Arc<Credentials>, RequestError> {
        match self {
            Self::Environment(credentials) => Ok(Arc::clone(credentials)),
            Self::Container(container) => container.get().await,
        }
    }

    /// Makes the next call of `get` return others, after S3 said that they have expired. Returns whether it can.
    pub(super) async fn expire(&self) -> bool {
        match self {
            Self::Environment(_) => false,
            Self::Container(container) => container.cache.lock().await.take().is_some(),
        }
    }
}

/// Fetches credentials and caches them until shortly before they expire.
pub(super) struct ContainerCredentials {
    origin: Origin,
    path: String,
    token: Option<AuthorizationToken>,
    client: HttpClient,
    cache: Mutex<Option<CachedCredentials>>,
}

enum AuthorizationToken {
    Value(String),
    File(String),
}

struct CachedCredentials {
    credentials: Arc<Credentials>,
    refresh_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsResponse {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: String,
}

impl ContainerCredentials {
    /// `None` if the variables are not set.
    ///
    /// # Errors
    /// The variables contain an address from which credentials must not be fetched.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let value_of = |name: &str| variable(name).filter(|value| !value.is_empty());
        let token = value_of(AUTHORIZATION_TOKEN_FILE).map(AuthorizationToken::File);
        let token = token.or_else(|| value_of(AUTHORIZATION_TOKEN).map(AuthorizationToken::Value));
        let relative = value_of(RELATIVE_URI);
        if relative.as_ref().is_some_and(|path| !path.starts_with('/')) {
            // It would become part of the host name.
            return Err(format!("{RELATIVE_URI} is not a path: it does not begin with `/`"));
        }
        let (name, url) = match (value_of(FULL_URI), relative) {
            (Some(url), _) => (FULL_URI, url),
            (None, Some(path)) => (RELATIVE_URI, format!("{ECS_HOST}{path}")),
            (None, None) => return Ok(None),
        };
        let url = allowed_endpoint(name, &url)?;
        let authority = url.authority().map(ToString::to_string).unwrap_or_default();
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        Ok(Some(Self {
            path: path.to_owned(),
            origin: Origin {
                https: url.scheme_str() == Some("https"),
                // A user's name does not belong to the host.
                authority: authority.rsplit('@').next().unwrap_or_default().to_owned(),
            },
            token,
            // The token must not leave this machine through a proxy.
            client: HttpClient::new(None)?,
            cache: Mutex::new(None),
        }))
    }

    async fn get(&self) -> Result<Arc<Credentials>, RequestError> {
        let mut cache = self.cache.lock().await;
        if let Some(cache) = cache.as_ref()
            && Utc::now() < cache.refresh_at
        {
            return Ok(Arc::clone(&cache.credentials));
        }
        let new = self.fetch().await.map_err(RequestError::Credentials)?;
        Ok(Arc::clone(&cache.insert(new).credentials))
    }

    /// Redirects are not followed: the token is for this endpoint.
    async fn fetch(&self) -> Result<CachedCredentials, String> {
        let mut request = Request::get(&self.path).header(header::HOST, &self.origin.authority);
        // The file can change, so it is read each time.
        let token = match &self.token {
            None => None,
            Some(AuthorizationToken::Value(text)) => Some(text.clone()),
            Some(AuthorizationToken::File(path)) => {
                let token = fs::read_to_string(path);
                Some(token.map_err(|error| format!("failed to read {AUTHORIZATION_TOKEN_FILE}: {error}"))?)
            }
        };
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token.trim_end());
        }
        let request = request.body(Full::<Bytes>::default());
        let request = request.map_err(|_| "the address or the token is not valid in a request".to_owned())?;
        let response = self
            .client
            .send(&self.origin, request)
            .await
            .map_err(|error| error.to_string())?;
        if !response.status.is_success() {
            return Err(format!("their endpoint returned {}", response.status));
        }
        let body = response.body.read_message().await.map_err(|error| error.to_string())?;
        // The error of the parser would repeat a part of the response.
        let invalid = "the response of their endpoint is not as documented";
        let response: CredentialsResponse = serde_json::from_slice(&body).map_err(|_| invalid.to_owned())?;
        let expiration = DateTime::parse_from_rfc3339(&response.expiration);
        let expiration = expiration.map_err(|_| invalid.to_owned())?.to_utc();
        Ok(CachedCredentials {
            credentials: Arc::new(Credentials {
                access_key_id: response.access_key_id,
                secret_access_key: response.secret_access_key,
                session_token: response.token,
            }),
            refresh_at: expiration - REFRESH_MARGIN,
        })
    }
}

/// Permits TLS, and plain HTTP only to local addresses.
fn allowed_endpoint(name: &str, text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| format!("{name} is not a URL"))?;
    let host = url.host().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_local = |address: IpAddr| address.is_loopback() || CONTAINER_ADDRESSES.contains(&address);
    match url.scheme_str() {
        Some("https") if !host.is_empty() => Ok(url),
        Some("http") if host == "localhost" || address.is_some_and(is_local) => Ok(url),
        scheme => Err(format!(
            "{name} must not be at `{}://{host}`; credentials are only fetched over https, or over http from \
             127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
            scheme.unwrap_or_default()
        )),
    }
}

impl fmt::Debug for Credentials {
    /// Without secrets, because the output can get into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
