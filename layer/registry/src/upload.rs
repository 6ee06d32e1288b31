//! Sends one blob in one piece: a POST for an address, and one PUT with the length and all bytes.
//! Amazon's registry drops what comes after the first chunk of an upload in several. Nothing of a
//! broken upload can be gone on with, therefore; it is sent again from its beginning.

use std::future::ready;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fs_err::File;
use futures_util::stream::{self, Stream};
use layer::{Digest, RunningDigest};
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Body, Response, StatusCode, Url};
use tokio::time::{Instant, timeout};

use super::classify::{find_cause, root_cause};
use super::{Error, Failure, ProgressMeter, Result, Session};

type BlobReader = Box<dyn Read + Send>;

pub struct Blob<'a> {
    pub digest: Digest,
    pub size: u64,
    /// Where it lies, for errors.
    pub origin: String,
    /// Opens its content, which is read from the beginning for each try and not beyond its size.
    pub open: Box<dyn Fn() -> io::Result<BlobReader> + 'a>,
}

impl<'a> Blob<'a> {
    pub fn from_file(digest: Digest, size: u64, path: &'a Path, offset: u64) -> Self {
        Self {
            digest,
            size,
            origin: path.display().to_string(),
            open: Box::new(move || {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file))
            }),
        }
    }
}

/// How many bytes are read at once.
const CHUNK_SIZE: u64 = 1 << 16;

/// How often is looked how far an upload is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What is wrong with a blob on our side.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BodyError(String);

/// Sends a blob once. A token that is refused with the bytes is forgotten, if that was not `renewed` before.
pub(crate) async fn send(
    session: &Session<'_>,
    blob: &Blob<'_>,
    meter: &ProgressMeter<'_>,
    renewed: &mut bool,
) -> Result<(), Failure> {
    if blob.size == 0 && blob.digest != Digest::of(b"") {
        return Err(damaged(blob, "it is empty").into());
    }
    let content = (blob.open)().map_err(|error| damaged(blob, &error.to_string()))?;
    let what = format!("blob {}", blob.digest);
    let url = session.remote.url("blobs/uploads/");
    let request = session.send(&what, |http| http.post(&url).header(CONTENT_LENGTH, 0));
    let mut upload_url = location(session, &what, &request.await?, StatusCode::ACCEPTED)?;
    let digest = blob.digest.to_string();
    upload_url.query_pairs_mut().append_pair("digest", &digest);

    let sent = Arc::new(AtomicU64::new(0));
    let body = Body::wrap_stream(body(content, blob.digest, blob.size, sent.clone()));
    let mut put = pin!(session.upload_request(upload_url, blob.size, body)?.send());
    let policy = &session.remote.retry_policy;
    let mut last = (0, Instant::now());
    loop {
        let response = timeout(PROGRESS_INTERVAL, &mut put).await;
        let done = sent.load(Ordering::Relaxed);
        meter.blob_progress(done);
        let interrupted = |reason: &str| {
            let error = session.remote.interrupted(&what, done, blob.size, reason);
            Failure::transient(error)
        };
        match response {
            Ok(Ok(response)) => {
                let confirmed = timeout(
                    policy.read_timeout,
                    session.classify_response(&what, response),
                )
                .await;
                let confirmed =
                    confirmed.unwrap_or_else(|_| Err(interrupted("its answer ended early")));
                let confirmed = confirmed.map_err(|failure| {
                    let old = failure.status == Some(StatusCode::UNAUTHORIZED);
                    if !old || *renewed || !session.forget_token() {
                        return failure;
                    }
                    // The token has become too old during a long push.
                    *renewed = true;
                    Failure {
                        retryable: true,
                        retry_after: Some(Duration::ZERO),
                        ..failure
                    }
                })?;
                return location(session, &what, &confirmed, StatusCode::CREATED).map(drop);
            }
            Ok(Err(error)) => {
                if let Some(BodyError(reason)) = find_cause(&error) {
                    return Err(damaged(blob, reason).into());
                }
                let failure = session.classify_error(&what, &error);
                return Err(match failure.error {
                    Error::Unreachable { .. } if !error.is_connect() => {
                        interrupted(&root_cause(&error))
                    }
                    _ => failure,
                });
            }
            Err(_) if done > last.0 => last = (done, Instant::now()),
            Err(_) => {
                let (limit, reason) = match done == blob.size {
                    true => (policy.commit_timeout, "it does not confirm the blob"),
                    false => (policy.read_timeout, "it takes no more bytes"),
                };
                if last.1.elapsed() > limit {
                    return Err(interrupted(reason));
                }
            }
        }
    }
}

/// Where an answer of the status `wanted` says that a blob is, or that it is to go.
fn location(
    session: &Session<'_>,
    what: &str,
    response: &Response,
    wanted: StatusCode,
) -> Result<Url, Failure> {
    let invalid = |reason| session.invalid_response(what, reason);
    let location = response.headers().get(LOCATION);
    let location = location.filter(|_| response.status() == wanted);
    // The blob may have been stored all the same, which the next try finds out.
    let location =
        location.ok_or_else(|| Failure::transient(invalid("it does not say where the blob is")))?;
    let location = location.to_str().ok();
    let location = location.and_then(|location| response.url().join(location).ok());
    location.ok_or_else(|| invalid("the address that it gives is none").into())
}

/// The blob's bytes, whose number is in `sent`. They end with an error, and so does the upload, if
/// they are not what the digest says. (Nobody asks for the bytes of an empty one.)
fn body(
    content: BlobReader,
    digest: Digest,
    size: u64,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = Result<Vec<u8>, BodyError>> + Send + 'static {
    let begin = (content, RunningDigest::default());
    stream::try_unfold(begin, move |(mut content, mut sum)| {
        let chunk = || {
            let left = size - sum.size();
            if left == 0 {
                return Ok(None);
            }
            let (limit, mut chunk) = (left.min(CHUNK_SIZE), Vec::new());
            let read = content.by_ref().take(limit).read_to_end(&mut chunk);
            read.map_err(|error| BodyError(error.to_string()))?;
            sum.update(&chunk);
            if (chunk.len() as u64) < limit {
                let found = sum.size();
                return Err(BodyError(format!(
                    "it has {found} bytes and should have {size}"
                )));
            }
            if sum.size() == size && sum.digest() != digest {
                return Err(BodyError(format!("its digest is {}", sum.digest())));
            }
            sent.store(sum.size(), Ordering::Relaxed);
            Ok(Some((chunk, (content, sum))))
        };
        ready(chunk())
    })
}

fn damaged(blob: &Blob<'_>, reason: &str) -> Error {
    let (digest, origin) = (blob.digest, &blob.origin);
    Error::Other(format!(
        "the blob {digest} in `{origin}` is damaged: {reason}; write the image again"
    ))
}
