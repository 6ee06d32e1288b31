//! Sends a request by the scheme that the registry speaks, which the first requests of a session find.

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::connection_errors::find_cause;
use super::{Failure, Session};

/// The bytes of a response that says that the port speaks TLS.
const MAX_REFUSAL: u64 = 1 << 12;

impl Session<'_> {
    /// Sends a request once. The first requests of a session also find the scheme that the registry speaks.
    pub async fn send_once(&self, what: &str, build: &impl Fn(&Client) -> RequestBuilder) -> Result<Response, Failure> {
        let mut sent = self.transmit(build).await?;
        if !self.scheme.is_settled() {
            let wrong_scheme = match &mut sent {
                Err(error) => self.is_wrong_scheme(error),
                Ok(response) if response.status() == StatusCode::BAD_REQUEST && !self.scheme.is_tls() => {
                    let body = first_bytes(response).await;
                    if !demands_tls(&body) {
                        return Err(self.classify_status(what, StatusCode::BAD_REQUEST, &body, None, None));
                    }
                    true
                }
                Ok(response) if self.is_moved_to_tls(response.url()) => true,
                Ok(_) => {
                    self.scheme.settle();
                    false
                }
            };
            if wrong_scheme {
                self.scheme.switch();
                sent = self.transmit(build).await?;
                match &sent {
                    Ok(_) => self.scheme.settle(),
                    // A server that does not speak TLS either is reported as such; a broken connection is retried as
                    // it was first.
                    Err(error) if error.is_connect() && find_cause::<rustls::Error>(error).is_none() => {
                        let failure = self.classify_error(what, error);
                        self.scheme.switch();
                        return Err(failure);
                    }
                    Err(_) => {}
                }
            }
        }
        sent.map_err(|error| self.classify_error(what, &error))
    }

    async fn transmit(
        &self,
        build: &impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Result<Response, reqwest::Error>, Failure> {
        let request = self.with_authorization(build(self.clients.for_registry()))?;
        let sent = request.send().await;
        if sent.is_ok() {
            // Only an error needs to know it.
            self.clients.take_redirect_target();
        }
        Ok(sent)
    }

    /// Whether `url` is where a registry of plain HTTP has redirected to itself by TLS.
    fn is_moved_to_tls(&self, url: &Url) -> bool {
        let host = self.image.reference.resolve_registry();
        let tls = Url::parse(&format!("https://{host}/"));
        !self.scheme.is_tls() && tls.is_ok_and(|tls| tls.origin() == url.origin())
    }

    /// Whether the error means that the registry speaks the other scheme.
    fn is_wrong_scheme(&self, error: &reqwest::Error) -> bool {
        if self.scheme.is_tls() {
            // No TLS on the port, or nothing at all on the port of TLS.
            error.is_connect()
        } else {
            // A TLS alert instead of HTTP.
            find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        }
    }
}

async fn first_bytes(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while (body.len() as u64) < MAX_REFUSAL
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    body
}

/// Whether a server says that its port speaks TLS: Go's "… to an HTTPS server", nginx's "… to HTTPS port", Apache's
/// "… to an SSL-enabled server port".
fn demands_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["HTTPS server", "HTTPS port", "SSL-enabled server"]
        .iter()
        .any(|known| text.contains(known))
}
