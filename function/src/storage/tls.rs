//! HTTP for the object store, with TLS that needs no file: Mozilla's certificate authorities are
//! part of the binary.

use std::sync::Arc;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error, Result};
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use super::http::Http1Client;

/// How long a connection to S3 may take: without an end, a function in a network that S3 cannot be
/// reached from would hang until Lambda ends it, and nobody would know why.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long S3 may be silent.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Gives every bucket the same HTTP client, and so the same connections: buckets of one region are at
/// one address.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(Http1Client(self.0.clone())))
    }
}

/// A client without connections, which goes through the proxy that the environment names or not. It follows no
/// redirection: elsewhere S3's signature is not good, and the session's token would go along.
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
    let builder = if use_proxy {
        builder
    } else {
        builder.no_proxy()
    };
    builder
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
        .map_err(|error| generic_error(error.into()))
}
