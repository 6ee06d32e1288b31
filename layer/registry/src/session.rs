//! The connection to one registry: sends requests with the required authorization, by the scheme that the registry
//! speaks.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, Url};

use super::client::{Clients, client_error};
use super::scheme::SchemeInUse;
use super::{Credentials, Error, Failure, ProgressCallback, ProgressEvent, RegistryImage, Result};

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Authorization {
    /// The user name and the password of `credentials`, if it has these.
    pub fn basic(credentials: &Credentials) -> Option<Self> {
        let Credentials::Basic { user, password } = credentials else {
            return None;
        };
        let (user, password) = (user.clone(), password.clone());
        Some(Self::Basic { user, password })
    }

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
    /// The repositories of the registry that blobs may be mounted from.
    pub mount_from: Vec<String>,
    pub clients: Clients<'a>,
    pub scheme: SchemeInUse,
    pub progress: &'a ProgressCallback<'a>,
    authorization: RefCell<Option<Authorization>>,
    pinged: Cell<bool>,
}

/// The answer to a HEAD request.
pub(crate) enum Presence {
    Present(HeaderMap),
    Absent,
    /// The registry does not answer HEAD requests, or redirects them to storage that does not. Such storage is common,
    /// because the signature of a URL can be valid for GET only.
    Unknown,
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
    let session = Session {
        image,
        progress,
        actions,
        mount_from: Vec::new(),
        clients: Clients::new(image)?,
        scheme: SchemeInUse::new(image.transport),
        authorization: RefCell::default(),
        pinged: Cell::default(),
    };
    if let Ok(url) = Url::parse(&session.api_url()) {
        session.clients.proxies.check(&url)?;
    }
    runtime.block_on(action(session))
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

    /// The root of the registry's API.
    pub fn api_url(&self) -> String {
        let host = self.image.reference.resolve_registry();
        format!("{}://{host}/v2/", self.scheme.name())
    }

    /// The URL of `path` in the repository.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}/{path}", self.api_url(), self.image.reference.repository())
    }

    /// Whether `url` is on the registry itself, which credentials may be sent to.
    pub fn is_own(&self, url: &Url) -> bool {
        Url::parse(&self.api_url()).is_ok_and(|own| own.origin() == url.origin())
    }

    /// Sends a request, and sends it again with authorization if the registry responds with a challenge. A response
    /// without a status of success is an error. `build` is called for each attempt.
    pub async fn send(&self, what: &str, build: impl Fn(&Client) -> RequestBuilder) -> Result<Response, Failure> {
        let response = self.respond(what, build).await?;
        self.classify_response(what, response).await
    }

    /// Asks for something with HEAD.
    pub async fn head(&self, what: &str, build: impl Fn(&Client) -> RequestBuilder) -> Result<Presence, Failure> {
        let response = match self.respond(what, build).await {
            Ok(response) => response,
            Err(failure) => {
                // A redirect that cannot be followed, or a status whose reason would be in the body.
                let redirect = matches!(failure.error, Error::InvalidResponse { .. } | Error::Misdirected { .. });
                let refused = failure.status == Some(StatusCode::BAD_REQUEST);
                return if redirect || refused {
                    Ok(Presence::Unknown)
                } else {
                    Err(failure)
                };
            }
        };
        let status = response.status();
        if status.is_success() {
            Ok(Presence::Present(response.headers().clone()))
        } else if status == StatusCode::NOT_FOUND {
            Ok(Presence::Absent)
        } else {
            match self.classify_response(what, response).await {
                Err(failure) if failure.retryable && status != StatusCode::NOT_IMPLEMENTED => Err(failure),
                _ => Ok(Presence::Unknown),
            }
        }
    }

    /// Sends a request with the required authorization; returns a response of any status.
    async fn respond(&self, what: &str, build: impl Fn(&Client) -> RequestBuilder) -> Result<Response, Failure> {
        let response = self.send_once(what, &build).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && self.is_own(response.url())
            && let found @ Some(_) = self.authorize(response.headers()).await?
            && found != self.authorization()
        {
            self.authorization.replace(found);
            return self.send_once(what, &build).await;
        }
        Ok(response)
    }

    /// The PUT request of a blob's bytes. It has no authorization if `url` is on another server than the registry.
    pub fn upload_request(&self, url: Url, bytes: u64, body: Body) -> Result<RequestBuilder> {
        let own = self.is_own(&url);
        let request = self.clients.for_uploads()?.put(url).header(CONTENT_LENGTH, bytes);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        let request = request.body(body);
        if own {
            self.with_authorization(request)
        } else {
            Ok(request)
        }
    }

    pub fn with_authorization(&self, mut request: RequestBuilder) -> Result<RequestBuilder> {
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
        self.send("`/v2/`", |http| http.get(self.api_url())).await?;
        self.pinged.set(true);
        // Some registries serve the root to anyone, and later deny access without a challenge.
        if self.authorization().is_none() {
            self.authorization
                .replace(Authorization::basic(&self.image.credentials));
        }
        Ok(())
    }

    /// Repeats `attempt` until it succeeds, fails permanently, or the retry policy is exhausted.
    pub async fn with_retries<T>(&self, mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T> {
        let policy = &self.image.retry_policy;
        let mut failures = 0;
        let mut waited = Duration::ZERO;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if !failure.retryable {
                return Err(failure.error);
            }
            failures += 1;
            if failure.made_progress {
                (failures, waited) = (1, Duration::ZERO);
            }
            let (wait, longest) = match failure.retry_after {
                Some(requested) => (requested, policy.max_retry_after),
                None => (policy.backoff(failures), policy.max_backoff),
            };
            waited = waited.saturating_add(wait);
            if failures >= policy.max_attempts || wait > longest || waited > policy.max_total_delay {
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
