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

use super::judge::{cause, innermost};
use super::{Error, Failure, Meter, Result, Session};

type Content = Box<dyn Read + Send>;

pub struct Blob<'a> {
    pub digest: Digest,
    pub bytes: u64,
    /// Where it lies, for errors.
    pub place: String,
    /// Opens its content, which is read from the beginning for each try and not beyond its size.
    pub open: Box<dyn Fn() -> io::Result<Content> + 'a>,
}

impl<'a> Blob<'a> {
    pub fn in_file(digest: Digest, bytes: u64, path: &'a Path, offset: u64) -> Self {
        Self {
            digest,
            bytes,
            place: path.display().to_string(),
            open: Box::new(move || {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file))
            }),
        }
    }
}

/// How many bytes are read at once.
const PIECE: u64 = 1 << 16;

/// How often is looked how far an upload is.
const GLANCE: Duration = Duration::from_millis(100);

/// What is wrong with a blob on our side.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damage(String);

/// Sends a blob once. A token that is refused with the bytes is forgotten, if that was not `renewed` before.
pub(crate) async fn send(
    session: &Session<'_>,
    blob: &Blob<'_>,
    meter: &Meter<'_>,
    renewed: &mut bool,
) -> Result<(), Failure> {
    if blob.bytes == 0 && blob.digest != Digest::of(b"") {
        return Err(damaged(blob, "it is empty").into());
    }
    let content = (blob.open)().map_err(|error| damaged(blob, &error.to_string()))?;
    let what = format!("blob {}", blob.digest);
    let address = session.remote.address("blobs/uploads/");
    let asked = session.send(&what, |http| http.post(&address).header(CONTENT_LENGTH, 0));
    let mut place = location(session, &what, &asked.await?, StatusCode::ACCEPTED)?;
    let digest = blob.digest.to_string();
    place.query_pairs_mut().append_pair("digest", &digest);

    let sent = Arc::new(AtomicU64::new(0));
    let body = Body::wrap_stream(body(content, blob.digest, blob.bytes, sent.clone()));
    let mut put = pin!(session.upload(place, blob.bytes, body)?.send());
    let patience = &session.remote.patience;
    let mut last = (0, Instant::now());
    loop {
        let glance = timeout(GLANCE, &mut put).await;
        let done = sent.load(Ordering::Relaxed);
        meter.moved(done);
        let cut_off = |reason: &str| {
            let error = session.remote.cut_off(&what, done, blob.bytes, reason);
            Failure::passing(error)
        };
        match glance {
            Ok(Ok(response)) => {
                let answer = timeout(patience.silence, session.answer(&what, response)).await;
                let answer = answer.unwrap_or_else(|_| Err(cut_off("its answer ended early")));
                let answer = answer.map_err(|failure| {
                    let old = failure.status == Some(StatusCode::UNAUTHORIZED);
                    if !old || *renewed || !session.forget_token() {
                        return failure;
                    }
                    // The token has become too old during a long push.
                    *renewed = true;
                    Failure {
                        again: true,
                        asked: Some(Duration::ZERO),
                        ..failure
                    }
                })?;
                return location(session, &what, &answer, StatusCode::CREATED).map(drop);
            }
            Ok(Err(error)) => {
                if let Some(Damage(reason)) = cause(&error) {
                    return Err(damaged(blob, reason).into());
                }
                let failure = session.broken(&what, &error);
                return Err(match failure.error {
                    Error::Unreachable { .. } if !error.is_connect() => cut_off(&innermost(&error)),
                    _ => failure,
                });
            }
            Err(_) if done > last.0 => last = (done, Instant::now()),
            Err(_) => {
                let (limit, reason) = match done == blob.bytes {
                    true => (patience.storing, "it does not confirm the blob"),
                    false => (patience.silence, "it takes no more bytes"),
                };
                if last.1.elapsed() > limit {
                    return Err(cut_off(reason));
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
    let unusable = |reason| session.unusable(what, reason);
    let place = response.headers().get(LOCATION);
    let place = place.filter(|_| response.status() == wanted);
    // The blob may have been stored all the same, which the next try finds out.
    let place =
        place.ok_or_else(|| Failure::passing(unusable("it does not say where the blob is")))?;
    let place = place.to_str().ok();
    let place = place.and_then(|place| response.url().join(place).ok());
    place.ok_or_else(|| unusable("the address that it gives is none").into())
}

/// The blob's bytes, whose number is in `sent`. They end with an error, and so does the upload, if
/// they are not what the digest says. (Nobody asks for the bytes of an empty one.)
fn body(
    content: Content,
    digest: Digest,
    bytes: u64,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = Result<Vec<u8>, Damage>> + Send + 'static {
    let begin = (content, RunningDigest::default());
    stream::try_unfold(begin, move |(mut content, mut sum)| {
        let piece = || {
            let left = bytes - sum.bytes();
            if left == 0 {
                return Ok(None);
            }
            let (most, mut piece) = (left.min(PIECE), Vec::new());
            let read = content.by_ref().take(most).read_to_end(&mut piece);
            read.map_err(|error| Damage(error.to_string()))?;
            sum.add(&piece);
            if (piece.len() as u64) < most {
                let found = sum.bytes();
                return Err(Damage(format!(
                    "it has {found} bytes and should have {bytes}"
                )));
            }
            if sum.bytes() == bytes && sum.digest() != digest {
                return Err(Damage(format!("its digest is {}", sum.digest())));
            }
            sent.store(sum.bytes(), Ordering::Relaxed);
            Ok(Some((piece, (content, sum))))
        };
        ready(piece())
    })
}

fn damaged(blob: &Blob<'_>, reason: &str) -> Error {
    let (digest, place) = (blob.digest, &blob.place);
    Error::Other(format!(
        "the blob {digest} in `{place}` is damaged: {reason}; write the image again"
    ))
}
