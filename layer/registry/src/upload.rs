//! Uploads a blob monolithically: a POST returns the upload's URL, and one PUT sends all bytes. A chunked upload is not
//! an option, because Amazon ECR drops everything after the first chunk. So an interrupted upload restarts from the
//! beginning. A POST can also mount the blob from another repository of the registry. Source: "Pushing blobs" in
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fs_err::File;
use layer::Digest;
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Body, Response, StatusCode, Url};
use tokio::time::{Instant, timeout};

use super::connection_errors::{find_cause, root_cause};
use super::upload_body::{Blob, BodyError, body};
use super::{Error, Failure, ProgressMeter, Result, Session};

const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The most redirects of an upload that are followed.
const MAX_REDIRECTS: usize = 5;

/// What a registry does when an upload starts.
pub(crate) enum Upload {
    /// It has mounted the blob, so that no bytes are sent.
    Mounted,
    /// It expects the bytes at this URL.
    At(Url),
}

/// Asks the registry to mount the blob from one of `mount_from`, or else where to send its bytes.
pub(crate) async fn start(session: &Session<'_>, blob: &Blob<'_>, mount_from: &[String]) -> Result<Upload, Failure> {
    let what = format!("blob {}", blob.digest);
    let mut known = None;
    for from in mount_from {
        let query = [("mount", blob.digest.to_string()), ("from", from.clone())];
        let request = session.send(&what, |http| {
            let request = http.post(session.url("blobs/uploads/")).query(&query);
            request.header(CONTENT_LENGTH, 0)
        });
        match request.await {
            Ok(response) if response.status() == StatusCode::CREATED => return Ok(Upload::Mounted),
            // Not mounted: this is the URL of an ordinary upload.
            Ok(response) => known = location(session, &what, &response).ok(),
            // Mounts are optional, so a registry that fails at them gets the blob's bytes.
            Err(failure) if !failure.retryable || failure.status == Some(StatusCode::INTERNAL_SERVER_ERROR) => {}
            Err(failure) => return Err(failure),
        }
    }
    if let Some(url) = known {
        return Ok(Upload::At(url));
    }
    let request = session.send(&what, |http| {
        http.post(session.url("blobs/uploads/")).header(CONTENT_LENGTH, 0)
    });
    let response = request.await.map_err(|failure| match failure.error {
        Error::NotFound { registry, response, .. } => Error::RepositoryMissing {
            registry,
            repository: session.image.reference.repository().to_owned(),
            response,
        }
        .into(),
        _ => failure,
    })?;
    Ok(Upload::At(location(session, &what, &response)?))
}

/// Sends a blob once. If the PUT is unauthorized, the token is forgotten and `renewed` set, at most once per blob.
pub(crate) async fn send(
    session: &Session<'_>,
    blob: &Blob<'_>,
    mut url: Url,
    meter: &ProgressMeter<'_>,
    renewed: &mut bool,
) -> Result<(), Failure> {
    let what = format!("blob {}", blob.digest);
    let digest = blob.digest.to_string();
    url.query_pairs_mut().append_pair("digest", &digest);
    for _ in 0..=MAX_REDIRECTS {
        let response = put(session, blob, &what, url.clone(), meter).await?;
        let status = response.status();
        if !status.is_redirection() {
            return confirm(session, &what, response, renewed).await;
        }
        // 303 would ask for a GET.
        if status == StatusCode::SEE_OTHER || response.headers().get(LOCATION).is_none() {
            let reason = format!(
                "it is a redirect that an upload cannot follow (HTTP {})",
                status.as_u16()
            );
            return Err(session.invalid_response(&what, reason).into());
        }
        url = redirect_target(session, &what, &response)?;
    }
    let reason = format!("it redirects more than {MAX_REDIRECTS} times");
    Err(session.invalid_response(&what, reason).into())
}

/// Sends the bytes to one URL, and returns the response of any status.
async fn put(
    session: &Session<'_>,
    blob: &Blob<'_>,
    what: &str,
    url: Url,
    meter: &ProgressMeter<'_>,
) -> Result<Response, Failure> {
    let content = File::open(blob.path).map_err(|error| damaged(blob, &error.to_string()))?;
    let sent = Arc::new(AtomicU64::new(0));
    let body = Body::wrap_stream(body(content, blob.digest, blob.size, sent.clone()));
    let mut put = pin!(session.upload_request(url, blob.size, body)?.send());
    let policy = &session.image.retry_policy;
    let mut last = (0, Instant::now());
    loop {
        let response = timeout(PROGRESS_INTERVAL, &mut put).await;
        let done = sent.load(Ordering::Relaxed);
        meter.blob_progress(done);
        let interrupted = |reason: &str| {
            let error = session.image.interrupted(what, done, blob.size, reason);
            Failure::transient(error)
        };
        match response {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => {
                if let Some(BodyError(reason)) = find_cause(&error) {
                    return Err(damaged(blob, reason).into());
                }
                let failure = session.classify_error(what, &error);
                return Err(match failure.error {
                    Error::Unreachable { .. } if !error.is_connect() => interrupted(&root_cause(&error)),
                    _ => failure,
                });
            }
            Err(_) if done > last.0 => last = (done, Instant::now()),
            Err(_) => {
                let (limit, reason) = match done == blob.size {
                    true => (policy.commit_timeout, "it does not confirm the blob"),
                    false => (policy.read_timeout, "it accepts no more bytes"),
                };
                if last.1.elapsed() > limit {
                    return Err(interrupted(reason));
                }
            }
        }
    }
}

/// Checks that the response to a PUT says that the blob is stored.
async fn confirm(session: &Session<'_>, what: &str, response: Response, renewed: &mut bool) -> Result<(), Failure> {
    let url = response.url().clone();
    let elsewhere = !session.is_own(&url);
    let limit = session.image.retry_policy.read_timeout;
    let confirmed = timeout(limit, session.classify_response(what, response)).await;
    let confirmed = confirmed.unwrap_or_else(|_| {
        let reason = "its response ended early";
        Err(Failure::transient(session.invalid_response(what, reason)))
    });
    let response = confirmed.map_err(|failure| {
        if elsewhere && !failure.retryable {
            let reason = match failure.status {
                Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    "it demands a login, and credentials are sent only to the registry itself".to_owned()
                }
                Some(status) => format!("it responds with HTTP {}", status.as_u16()),
                None => failure.error.to_string(),
            };
            return session.misdirected(what, &url, reason).into();
        }
        let old = failure.status == Some(StatusCode::UNAUTHORIZED);
        if !old || *renewed || !session.forget_token() {
            return failure;
        }
        // The token has expired during a long push.
        *renewed = true;
        Failure {
            retryable: true,
            retry_after: Some(Duration::ZERO),
            ..failure
        }
    })?;
    if elsewhere || response.status() != StatusCode::ACCEPTED {
        return Ok(());
    }
    // That is the response to a chunk. The blob may have been stored anyway, which the next attempt finds out.
    let reason = "it does not say that the blob is stored (HTTP 202)";
    Err(Failure::transient(session.invalid_response(what, reason)))
}

/// The URL of the upload that a response to POST starts.
fn location(session: &Session<'_>, what: &str, response: &Response) -> Result<Url, Failure> {
    if response.status() != StatusCode::ACCEPTED || response.headers().get(LOCATION).is_none() {
        let reason = "it has no location for the upload";
        return Err(Failure::transient(session.invalid_response(what, reason)));
    }
    redirect_target(session, what, response)
}

/// The URL in `Location`, which may be relative. It is on another host if the registry's storage takes uploads itself.
fn redirect_target(session: &Session<'_>, what: &str, response: &Response) -> Result<Url, Failure> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let url = location.and_then(|location| response.url().join(location).ok());
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()));
    url.ok_or_else(|| session.invalid_response(what, "its location is not a URL").into())
}

fn damaged(blob: &Blob<'_>, reason: &str) -> Error {
    let (digest, path) = (blob.digest, blob.path.display());
    Error::Other(format!(
        "the blob {digest} in `{path}` is damaged: {reason}; write the image again"
    ))
}

/// Refuses a blob whose damage would not be noticed while it is sent, because the body of an empty blob is never polled.
pub(crate) fn check(blob: &Blob<'_>) -> Result<()> {
    if blob.size == 0 && blob.digest != Digest::of(b"") {
        return Err(damaged(blob, "it is empty"));
    }
    File::open(blob.path)
        .map(drop)
        .map_err(|error| damaged(blob, &error.to_string()))
}
