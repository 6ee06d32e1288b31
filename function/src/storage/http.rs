//! The object store's requests, sent by a client that speaks HTTP/1.1: what the object store would make of
//! the crate reqwest for itself speaks HTTP/2 as well, which S3 does not, and is 0.3 MB larger for it.

use std::error::Error as _;
use std::io;

use async_trait::async_trait;
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::{Body, Client};

use http_body_util::BodyExt;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Http(pub(super) Client);

#[async_trait]
impl HttpService for Http {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.map(Body::wrap).try_into().map_err(failed)?;
        let response = self.0.execute(request).await.map_err(failed)?;
        let response: http::Response<Body> = response.into();
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(failed))))
    }
}

/// An error by what the object store does about it: it tries again what was not answered.
fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() || io_kind(&error) == Some(io::ErrorKind::TimedOut) {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else if error.is_body() || io_kind(&error).is_some() {
        HttpErrorKind::Interrupted
    } else if error.is_request() {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    // Addresses can hold signatures, which must not get into logs.
    HttpError::new(kind, error.without_url())
}

/// What the network said, if an error came from there.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}
