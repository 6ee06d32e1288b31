//! The connection to one registry: sends requests with the required authorization, and retries transient failures.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, Url};

use super::registry_image::is_loopback;
use super::{Credentials, Error, Failure, ProgressCallback, ProgressEvent, RegistryImage, Result};

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Authorization {
    pub fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

pub(crate) struct Session<'a> {
    pub image: &'a RegistryImage,
    /// The actions in a token's scope: `pull` or `pull,push`.
    pub actions: &'static str,
    pub http: Client,
    progress: &'a ProgressCallback<'a>,
    /// A client without a read timeout; created for the first upload.
    upload_client: OnceCell<Client>,
    authorization: RefCell<Option<Authorization>>,
    pinged: Cell<bool>,
}

/// Blocks until `action` has ended.
pub(crate) fn with_session<'a, T, F: Future<Output = Result<T>>>(
    image: &'a RegistryImage,
    actions: &'static str,
    progress: &'a ProgressCallback<'a>,
    action: impl FnOnce(Session<'a>) -> F,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| client_error(&error))?;
    // The provider is global to the process. An error means that one is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(action(Session {
        image,
        progress,
        actions,
        http: client(image, Some(image.retry_policy.read_timeout))?,
        upload_client: OnceCell::default(),
        authorization: RefCell::default(),
        pinged: Cell::default(),
    }))
}

fn client(image: &RegistryImage, read_timeout: Option<Duration>) -> Result<Client> {
    let mut client = Client::builder()
        .user_agent(concat!("layer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(image.retry_policy.connect_timeout)
        .https_only(!image.plain_http);
    if is_loopback(image.reference.resolve_registry()) {
        // A proxy cannot reach this machine's loopback ports.
        client = client.no_proxy();
    }
    if let Some(read_timeout) = read_timeout {
        client = client.read_timeout(read_timeout);
    }
    client.build().map_err(|error| client_error(&error))
}

fn client_error(error: &dyn std::error::Error) -> Error {
    Error::Other(format!("failed to set up the HTTP client: {error}"))
}

impl Session<'_> {
    pub fn authorization(&self) -> Option<Authorization> {
        self.authorization.borrow().clone()
    }

    /// Forgets the authorization; returns whether it was a token that can be fetched again.
    pub fn forget_token(&self) -> bool {
        self.pinged.set(false);
        let known = self.authorization.take();
        matches!(known, Some(Authorization::Bearer(_)))
            && !matches!(self.image.credentials, Credentials::RegistryToken(_))
    }

    /// Sends a request, and sends it again with authorization if the registry responds with a challenge.
    pub async fn send(&self, what: &str, build: impl Fn(&Client) -> RequestBuilder) -> Result<Response, Failure> {
        let send_once = async || {
            let sent = self.with_authorization(build(&self.http))?.send().await;
            sent.map_err(|error| self.classify_error(what, &error))
        };
        let mut response = send_once().await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && self.is_from_registry(&response)
            && let found @ Some(_) = self.authorize(response.headers()).await?
            && found != self.authorization()
        {
            self.authorization.replace(found);
            response = send_once().await?;
        }
        self.classify_response(what, response).await
    }

    /// The PUT request of a blob's bytes. It has no authorization if `url` is on another server than the registry.
    pub fn upload_request(&self, url: Url, bytes: u64, body: Body) -> Result<RequestBuilder> {
        let own = Url::parse(&self.image.api_url()).is_ok_and(|own| own.origin() == url.origin());
        let client = match self.upload_client.get() {
            Some(client) => client,
            None => {
                // A read timeout would count from the start of the upload, during which nothing is read.
                let client = client(self.image, None)?;
                self.upload_client.get_or_init(|| client)
            }
        };
        let request = client.put(url).header(CONTENT_LENGTH, bytes);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        let request = request.body(body);
        if own {
            self.with_authorization(request)
        } else {
            Ok(request)
        }
    }

    fn with_authorization(&self, mut request: RequestBuilder) -> Result<RequestBuilder> {
        if let Some(known) = self.authorization() {
            let value = HeaderValue::try_from(known.header());
            let mut value = value.map_err(|_| {
                let reason = "the user name or password cannot be sent in a header";
                self.invalid_response("a login", reason)
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Authorizes this session with a request to the API's root, so that no upload runs into a challenge. Does so once
    /// per token.
    pub async fn ping(&self) -> Result<(), Failure> {
        if self.pinged.get() {
            return Ok(());
        }
        let root = self.image.api_url();
        self.send("`/v2/`", |http| http.get(&root)).await?;
        self.pinged.set(true);
        // Some registries serve the root to anyone, and later deny access without a challenge.
        if let (None, Credentials::Basic { user, password }) = (self.authorization(), &self.image.credentials) {
            self.authorization.replace(Some(Authorization::Basic {
                user: user.clone(),
                password: password.clone(),
            }));
        }
        Ok(())
    }

    /// Repeats `attempt` until it succeeds, fails permanently, or the retry policy is exhausted.
    pub async fn with_retries<T>(&self, mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T> {
        let policy = &self.image.retry_policy;
        let mut failures = 0;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if !failure.retryable {
                return Err(failure.error);
            }
            failures = if failure.made_progress { 1 } else { failures + 1 };
            let wait = failure.retry_after.unwrap_or_else(|| policy.backoff(failures));
            if failures >= policy.max_attempts || wait > policy.max_backoff {
                return Err(Error::RetriesExhausted {
                    attempts: failures,
                    last: Box::new(failure.error),
                });
            }
            (self.progress)(&ProgressEvent::Retry {
                error: &failure.error,
                delay: wait,
            });
            tokio::time::sleep(wait).await;
        }
    }
}
