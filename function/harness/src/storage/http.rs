//! An HTTP/1.1 client that keeps connections open, and can open one in advance. S3 does not support HTTP/2.

mod dial;
mod pool;
mod transport_error;

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::sync::Mutex;
use tokio::time::timeout;

use self::dial::Dialer;
pub(super) use self::dial::proxies;
use self::pool::{Pool, Sender};
pub(super) use self::transport_error::TransportError;
use self::transport_error::describe;
use super::endpoint::Origin;

/// The limit for each wait for data, and for sending a request with its body. Without it, a function whose connection
/// broke silently would hang until Lambda kills it, without an error.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit of responses that are not photos, in bytes; those of S3 and of credentials have about 2 kB.
const MAX_MESSAGE: usize = 1 << 16;

pub(super) struct HttpClient {
    dialer: Dialer,
    pool: Arc<Pool>,
    /// Held while a connection is opened in advance. Requests wait for it, instead of opening another one.
    connecting: Mutex<()>,
}

pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

impl HttpClient {
    /// # Errors
    /// TLS cannot be configured.
    pub(super) fn new(proxies: Option<Matcher>) -> Result<Self, String> {
        Ok(Self {
            dialer: Dialer::new(proxies)?,
            pool: Arc::default(),
            connecting: Mutex::default(),
        })
    }

    /// Sends a request whose URI is a path. If the server closed a kept connection, another is opened.
    pub(super) async fn send(
        &self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response, TransportError> {
        self.dialer.prepare(origin, &mut request);
        let connecting = self.connecting.lock().await;
        let idle = self.pool.take(origin).await;
        drop(connecting);
        if let Some(idle) = idle {
            match self.send_on(idle, origin, request.clone()).await {
                Ok(response) => return Ok(response),
                Err(SendError::NotSent) => self.pool.forget(origin),
                Err(SendError::Failed(error)) => return Err(error),
            }
        }
        let sender = self.dialer.connect(origin).await?;
        self.send_on(sender, origin, request)
            .await
            .map_err(|error| match error {
                SendError::NotSent => {
                    TransportError::Connection("the connection was closed before the response".to_owned())
                }
                SendError::Failed(error) => error,
            })
    }

    /// Opens a connection for the next request, if none is open.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<(), TransportError> {
        let _connecting = self.connecting.lock().await;
        let sender = match self.pool.take(origin).await {
            Some(sender) => sender,
            None => self.dialer.connect(origin).await?,
        };
        self.pool.put(origin, sender);
        Ok(())
    }

    async fn send_on(
        &self,
        mut sender: Sender,
        origin: &Origin,
        request: Request<Full<Bytes>>,
    ) -> Result<Response, SendError> {
        let sent = timeout(READ_TIMEOUT, sender.send_request(request)).await;
        let sent = sent.map_err(|_| SendError::Failed(timed_out()))?;
        let response = sent.map_err(|error| {
            // All requests may be repeated, so it does not matter whether the server received this one.
            if error.is_canceled() || error.is_closed() || error.is_incomplete_message() || is_io(&error) {
                SendError::NotSent
            } else {
                SendError::Failed(TransportError::Connection(describe(&error)))
            }
        })?;
        let (parts, incoming) = response.into_parts();
        Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body: Body {
                incoming,
                connection: Some((Arc::clone(&self.pool), origin.clone(), sender)),
            },
        })
    }
}

enum SendError {
    /// The server closed the connection and sent no response.
    NotSent,
    Failed(TransportError),
}

/// The body of a response, and its connection, which is kept for the next request once the body has been read.
pub(super) struct Body {
    incoming: Incoming,
    connection: Option<(Arc<Pool>, Origin, Sender)>,
}

impl Body {
    /// Reads a body that is not a photo.
    pub(super) async fn read_message(self) -> Result<Vec<u8>, TransportError> {
        self.read(0, MAX_MESSAGE).await
    }

    /// Reads until the end. `limit` is the maximum length, in bytes; `expected` is the likely one.
    pub(super) async fn read(mut self, expected: usize, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut content = Vec::with_capacity(expected.min(limit));
        while let Some(frame) = timeout(READ_TIMEOUT, self.incoming.frame())
            .await
            .map_err(|_| timed_out())?
        {
            let frame = frame.map_err(|error| TransportError::Connection(describe(&error)))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if content.len() + data.len() > limit {
                let reason = format!("the response has more than {limit} bytes");
                return Err(TransportError::Connection(reason));
            }
            content.extend_from_slice(&data);
        }
        if let Some((pool, origin, sender)) = self.connection.take() {
            pool.put(&origin, sender);
        }
        Ok(content)
    }
}

fn timed_out() -> TransportError {
    TransportError::Connection(format!("no data was received for {} s", READ_TIMEOUT.as_secs()))
}

fn is_io(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
