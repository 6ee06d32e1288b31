//! The HTTP client. Mozilla's certificate authorities are part of the binary, so TLS needs no files.

use std::sync::Arc;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error, Result};
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use super::http::Http1Client;

/// Without it, a function in a network without access to S3 would hang until Lambda kills it, without an error.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Gives every bucket the same HTTP client, and so the same connections: buckets of one region share an endpoint.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(Http1Client(self.0.clone())))
    }
}

/// `use_proxy` permits the proxy of the environment. Redirects are not followed: S3's signature would be invalid at
/// another host, which would also get the session token.
pub(super) fn http_client(use_proxy: bool) -> Result<Client> {
    let generic_error = |error: Box<dyn std::error::Error + Send + Sync>| Error::Generic {
        store: "S3",
        source: error,
    };
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| generic_error(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = Client::builder();
    let builder = if use_proxy { builder } else { builder.no_proxy() };
    builder
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
        .map_err(|error| generic_error(error.into()))
}
