//! Sends one blob in one piece: a POST for an address, and one PUT with the length and all bytes.
//! Amazon's registry drops what comes after the first chunk of an upload in several. Nothing of a
//! broken upload can be gone on with, therefore; it is sent again from its beginning.
//!
//! `oci_client` does this, streamed. Of a refusal it keeps the status and drops the headers, so how
//! long the registry asks to wait is heard by the request before the next try, whether the blob is
//! there, which is ours. It also reads all of a refusal, however long: that of the registry that one
//! trusts with one's own image, and for as long as [`Patience`](super::Patience) lasts. Pulls,
//! which meet strangers, do not go through it.

use std::io::Read;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use layer::{Digest, RunningDigest};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, Result as OciResult};
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, RegistryOperation};
use reqwest::StatusCode;
use tokio::time::Instant;

use super::content::{Blob, Content};
use super::error::Failure;
use super::judge::innermost;
use super::remote::is_loopback;
use super::session::{AGENT, Session};
use super::token::Authorization;
use super::watch::Meter;
use super::{Error, Result};

/// How many bytes are read at once.
const PIECE: u64 = 1 << 16;

/// How often is looked how far an upload is.
const GLANCE: Duration = Duration::from_millis(100);

/// The client for uploads, made for the authorization that it was made with.
#[derive(Default)]
pub(crate) struct Uploader {
    client: Option<(Option<Authorization>, Client)>,
}

/// What is known of an upload while it goes on.
#[derive(Default)]
struct Sent {
    bytes: AtomicU64,
    /// What is wrong with the blob on our side.
    trouble: Mutex<Option<Error>>,
}

impl Uploader {
    /// Sends a blob once.
    pub async fn send(
        &mut self,
        session: &Session<'_>,
        blob: &Blob<'_>,
        meter: &Meter<'_>,
    ) -> Result<(), Failure> {
        if blob.bytes == 0 && blob.digest != Digest::of(b"") {
            return Err(damaged(blob, "it is empty".into()).into());
        }
        let client = self.client(session).await?;
        let content = (blob.open)().map_err(|error| damaged(blob, error.to_string()))?;
        let sent = Arc::new(Sent::default());
        let (digest, bytes) = (blob.digest, blob.bytes);
        let body = body(content, digest, bytes, blob.place.clone(), sent.clone());
        let reference = &session.remote.reference;
        let name = digest.to_string();
        let push = client.push_blob_stream(reference, body, &name, Some(bytes));
        let mut push = pin!(push);
        let patience = &session.remote.patience;
        let mut last = (0, Instant::now());
        loop {
            let glance = tokio::time::timeout(GLANCE, &mut push).await;
            let done = sent.bytes.load(Ordering::Relaxed);
            meter.moved(done);
            let cut_off = |reason: &str| {
                Failure::passing(Error::CutOff {
                    registry: session.remote.registry().to_owned(),
                    what: format!("blob {}", blob.digest),
                    done,
                    total: bytes,
                    reason: reason.to_owned(),
                })
            };
            match glance {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => {
                    let trouble = sent.trouble.lock();
                    let trouble = trouble.unwrap_or_else(PoisonError::into_inner).take();
                    return Err(match trouble {
                        Some(trouble) => trouble.into(),
                        None => failure(session, blob, error, cut_off),
                    });
                }
                Err(_) if done > last.0 => last = (done, Instant::now()),
                Err(_) => {
                    // A read timeout of the client would count from the upload's beginning.
                    let all = done == bytes;
                    let limit = if all {
                        patience.storing
                    } else {
                        patience.silence
                    };
                    if last.1.elapsed() > limit {
                        return Err(cut_off(if all {
                            "it does not confirm the blob"
                        } else {
                            "it takes no more bytes"
                        }));
                    }
                }
            }
        }
    }

    /// A client that sends what the registry demanded last. It is given the authorization ready
    /// made, so that it never asks a token service itself.
    async fn client(&mut self, session: &Session<'_>) -> Result<&Client, Failure> {
        let authorization = session.authorization();
        let known = self.client.take();
        let known = match known.filter(|(known, _)| *known == authorization) {
            Some(known) => known,
            None => {
                let client = client(session, authorization.as_ref()).await?;
                (authorization, client)
            }
        };
        Ok(&self.client.insert(known).1)
    }
}

async fn client(session: &Session<'_>, authorization: Option<&Authorization>) -> Result<Client> {
    let remote = session.remote;
    let mut config = ClientConfig {
        protocol: match remote.plain_http {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        },
        use_monolithic_push: true,
        connect_timeout: Some(remote.patience.connect),
        user_agent: AGENT,
        ..ClientConfig::default()
    };
    let host = remote.reference.resolve_registry();
    if is_loopback(host) {
        // No proxy can reach this machine's own ports, and the environment's are left out only
        // where others are named: ones that serve nobody.
        config.http_proxy = Some("http://127.0.0.1:9".into());
        config.https_proxy.clone_from(&config.http_proxy);
        config.no_proxy = Some("*,0.0.0.0/0,::/0".into());
    }
    let client = Client::try_from(config).map_err(|error| Error::Client {
        reason: error.to_string(),
    })?;
    match authorization {
        None => {}
        Some(Authorization::Bearer(token)) => {
            let auth = RegistryAuth::Bearer(token.clone());
            client.store_auth_if_needed(host, &auth).await;
        }
        Some(Authorization::Basic { user, password }) => {
            let (user, password) = (user.clone(), password.clone());
            let auth = RegistryAuth::Basic(user.clone(), password.clone());
            client.store_auth_if_needed(host, &auth).await;
            // Otherwise it would ask the registry what it demands, and go on if it got no answer.
            let known = RegistryTokenType::Basic(user, password);
            let push = RegistryOperation::Push;
            client.tokens.insert(&remote.reference, push, known).await;
        }
    }
    Ok(client)
}

/// The blob's bytes. They end with an error, and so does the upload, if they are not what the
/// digest says. (Nobody asks for the bytes of an empty one.)
fn body(
    content: Content,
    digest: Digest,
    bytes: u64,
    place: String,
    sent: Arc<Sent>,
) -> impl Stream<Item = OciResult<Bytes>> + Send + 'static {
    let failed = move |sent: &Sent, reason: String| {
        let mut trouble = sent.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = Some(Error::Damaged {
            what: format!("blob {digest}"),
            place: place.clone(),
            reason,
        });
        OciDistributionError::GenericError(None)
    };
    let begin = (content, RunningDigest::default());
    stream::try_unfold(begin, move |(mut content, mut sum)| {
        let piece = || {
            let left = bytes - sum.bytes();
            if left == 0 {
                return Ok(None);
            }
            let (most, mut piece) = (left.min(PIECE), Vec::new());
            let read = content.by_ref().take(most).read_to_end(&mut piece);
            read.map_err(|error| failed(&sent, error.to_string()))?;
            if (piece.len() as u64) < most {
                let found = sum.bytes() + piece.len() as u64;
                let reason = format!("it has {found} bytes and should have {bytes}");
                return Err(failed(&sent, reason));
            }
            sum.add(&piece);
            if sum.bytes() == bytes && sum.digest() != digest {
                let reason = format!("its digest is {}", sum.digest());
                return Err(failed(&sent, reason));
            }
            sent.bytes.store(sum.bytes(), Ordering::Relaxed);
            Ok(Some((Bytes::from(piece), (content, sum))))
        };
        std::future::ready(piece())
    })
}

fn damaged(blob: &Blob<'_>, reason: String) -> Error {
    Error::Damaged {
        what: format!("blob {}", blob.digest),
        place: blob.place.clone(),
        reason,
    }
}

fn failure(
    session: &Session<'_>,
    blob: &Blob<'_>,
    error: OciDistributionError,
    cut_off: impl FnOnce(&str) -> Failure,
) -> Failure {
    let what = format!("blob {}", blob.digest);
    let judge = session.judge();
    match error {
        OciDistributionError::ServerError { code, message, .. } => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            judge.status(&what, status, message.as_bytes(), None, false)
        }
        OciDistributionError::RequestError(error) => {
            let failure = judge.broken(&what, &error);
            match failure.error {
                Error::Unreachable { .. } if !error.is_connect() => cut_off(&innermost(&error)),
                _ => failure,
            }
        }
        // The blob may have been stored all the same, which the next try finds out.
        OciDistributionError::RegistryNoLocationError
        | OciDistributionError::SpecViolationError(_) => {
            Failure::passing(judge.unusable(&what, "it does not say where the blob is"))
        }
        _ => judge
            .unusable(&what, "the address that it gives is none")
            .into(),
    }
}
