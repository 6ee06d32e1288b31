//! Sends the requests of `object_store` over HTTP/1.1. Its own reqwest client also supports HTTP/2, which S3 does not,
//! and is 0.3 MB larger.

use std::error::Error as _;
use std::{io, iter};

use ::http::header::ETAG;
use ::http::{Response, Version};
use async_trait::async_trait;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService};
use reqwest::{Body, Client, Request};

use http_body_util::BodyExt;

use super::integrity::ContentMd5;

#[derive(Debug)]
pub(super) struct Http1Client(pub(super) Client);

/// A request extension: open a connection if none is idle, send nothing, and fail. The connection is kept for the next
/// request.
///
/// reqwest has no way to connect without sending a request. But it refuses to send an HTTP/2 request over an HTTP/1.1
/// connection, and the connection stays usable.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectOnly;

#[async_trait]
impl HttpService for Http1Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let connect_only = request.extensions().get::<ConnectOnly>().is_some();
        let mut request: Request = request.map(Body::wrap).try_into().map_err(http_error)?;
        if connect_only {
            *request.version_mut() = Version::HTTP_2;
            let refused = self.0.execute(request).await.map(|_| ());
            return Err(connect_only_error(refused.err()));
        }
        let response = self.0.execute(request).await.map_err(http_error)?;
        if response.status().is_success() && !response.headers().contains_key(ETAG) {
            return Err(missing_etag());
        }
        let mut response: Response<Body> = response.into();
        if let Some(md5) = ContentMd5::from_headers(response.headers()) {
            response.extensions_mut().insert(md5);
        }
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(http_error))))
    }
}

/// S3 returns the `ETag` of each object that it sends or stores, so a response without one comes from something else,
/// such as a proxy with an error page. The request is retried.
fn missing_etag() -> HttpError {
    let reason = "the response has no ETag, so it is not from S3";
    HttpError::new(HttpErrorKind::Interrupted, io::Error::other(reason))
}

/// This kind of error is not retried.
fn connect_only_error(error: Option<reqwest::Error>) -> HttpError {
    let error = error.map(reqwest::Error::without_url);
    let reason = error.map_or_else(|| "it got a response".to_owned(), |error| error.to_string());
    HttpError::new(HttpErrorKind::Unknown, io::Error::other(reason))
}

/// The kind determines whether `object_store` retries: it does if there was no response.
fn http_error(error: reqwest::Error) -> HttpError {
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
    // URLs can contain signatures, which must not get into logs.
    HttpError::new(kind, error.without_url())
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut causes = iter::successors(error.source(), |&error| error.source());
    let io = causes.find_map(|error| error.downcast_ref::<io::Error>());
    io.map(io::Error::kind)
}
