//! Uploads a blob monolithically: a POST returns the upload's URL, and one PUT sends all bytes. A chunked upload is not
//! an option, because Amazon ECR drops everything after the first chunk. So an interrupted upload restarts from the
//! beginning.

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

use super::response_errors::{find_cause, root_cause};
use super::{Error, Failure, ProgressMeter, Result, Session};

type BlobReader = Box<dyn Read + Send>;

pub struct Blob<'a> {
    pub digest: Digest,
    pub size: u64,
    /// The path of its file, for errors.
    pub origin: String,
    /// Opens its content. Called for each attempt; at most `size` bytes are read.
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

const CHUNK_SIZE: u64 = 1 << 16;

const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// A local blob cannot be read or is damaged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BodyError(String);

/// Sends a blob once. If the PUT is unauthorized, the token is forgotten and `renewed` set, at most once per blob.
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
    let url = session.image.url("blobs/uploads/");
    let request = session.send(&what, |http| http.post(&url).header(CONTENT_LENGTH, 0));
    let mut upload_url = location(session, &what, &request.await?, StatusCode::ACCEPTED)?;
    let digest = blob.digest.to_string();
    upload_url.query_pairs_mut().append_pair("digest", &digest);

    let sent = Arc::new(AtomicU64::new(0));
    let body = Body::wrap_stream(body(content, blob.digest, blob.size, sent.clone()));
    let mut put = pin!(session.upload_request(upload_url, blob.size, body)?.send());
    let policy = &session.image.retry_policy;
    let mut last = (0, Instant::now());
    loop {
        let response = timeout(PROGRESS_INTERVAL, &mut put).await;
        let done = sent.load(Ordering::Relaxed);
        meter.blob_progress(done);
        let interrupted = |reason: &str| {
            let error = session.image.interrupted(&what, done, blob.size, reason);
            Failure::transient(error)
        };
        match response {
            Ok(Ok(response)) => {
                let confirmed = timeout(policy.read_timeout, session.classify_response(&what, response)).await;
                let confirmed = confirmed.unwrap_or_else(|_| Err(interrupted("its response ended early")));
                let confirmed = confirmed.map_err(|failure| {
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
                return location(session, &what, &confirmed, StatusCode::CREATED).map(drop);
            }
            Ok(Err(error)) => {
                if let Some(BodyError(reason)) = find_cause(&error) {
                    return Err(damaged(blob, reason).into());
                }
                let failure = session.classify_error(&what, &error);
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

/// The `Location` of a response, which must have the status `wanted`.
fn location(session: &Session<'_>, what: &str, response: &Response, wanted: StatusCode) -> Result<Url, Failure> {
    let invalid = |reason| session.invalid_response(what, reason);
    let location = response.headers().get(LOCATION);
    let location = location.filter(|_| response.status() == wanted);
    // The blob may have been stored anyway, which the next attempt finds out.
    let location = location.ok_or_else(|| Failure::transient(invalid("it has no location of the blob")))?;
    let location = location.to_str().ok();
    let location = location.and_then(|location| response.url().join(location).ok());
    location.ok_or_else(|| invalid("its location is not a URL").into())
}

/// Streams the blob's bytes and counts them in `sent`. If size or digest are wrong, the stream and so the upload end
/// with an error. (The body of an empty blob is never polled.)
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
                return Err(BodyError(format!("it has {found} bytes and should have {size}")));
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
