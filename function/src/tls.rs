//! HTTP for the object store, with TLS that needs no file: Mozilla's certificate authorities are
//! part of the binary.

use std::sync::Arc;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error, Result};
use rustls::{ClientConfig, RootCertStore};

/// Makes HTTP clients.
#[derive(Debug)]
pub(crate) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> Result<HttpClient> {
        let failed = |error: std::boxed::Box<dyn std::error::Error + Send + Sync>| Error::Generic {
            store: "S3",
            source: error,
        };
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(HttpClient::new(client))
    }
}
