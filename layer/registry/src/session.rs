//! The connection to one registry: requests go out with what the registry demands, are tried again
//! where that can help, and good answers come back.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, Url};

use super::remote::is_loopback;
use super::{Credentials, Error, Event, Failure, Remote, Result, Watch};

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
    pub remote: &'a Remote,
    /// What is done in the repository, as a token's scope says it: `pull` or `pull,push`.
    pub actions: &'static str,
    pub http: Client,
    watch: &'a Watch<'a>,
    /// Made for the first upload.
    uploads: OnceCell<Client>,
    authorization: RefCell<Option<Authorization>>,
    greeted: Cell<bool>,
}

/// Does something with a connection, and waits until it is done.
pub(crate) fn within<'a, T, F: Future<Output = Result<T>>>(
    remote: &'a Remote,
    actions: &'static str,
    watch: &'a Watch<'a>,
    action: impl FnOnce(Session<'a>) -> F,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unusable(&error))?;
    // The process has one provider for all its TLS; if there is one already, it serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(action(Session {
        remote,
        watch,
        actions,
        http: client(remote, Some(remote.patience.silence))?,
        uploads: OnceCell::default(),
        authorization: RefCell::default(),
        greeted: Cell::default(),
    }))
}

fn client(remote: &Remote, silence: Option<Duration>) -> Result<Client> {
    let mut client = Client::builder()
        .user_agent(concat!("layer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(remote.patience.connect)
        .https_only(!remote.plain_http);
    if is_loopback(remote.reference.resolve_registry()) {
        // No proxy can reach this machine's own ports.
        client = client.no_proxy();
    }
    if let Some(silence) = silence {
        client = client.read_timeout(silence);
    }
    client.build().map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::error::Error) -> Error {
    Error::Other(format!("failed to set up the HTTP client: {error}"))
}

impl Session<'_> {
    pub fn authorization(&self) -> Option<Authorization> {
        self.authorization.borrow().clone()
    }

    /// Forgets a token that the registry does not take any more; whether there was one that can be had anew.
    pub fn forget_token(&self) -> bool {
        self.greeted.set(false);
        let known = self.authorization.take();
        matches!(known, Some(Authorization::Bearer(_)))
            && !matches!(self.remote.credentials, Credentials::Token(_))
    }

    /// Sends a request, once more with what the registry demands if it demands something, and
    /// returns the answer if it is a good one.
    pub async fn send(
        &self,
        what: &str,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let once = async || {
            let sent = self.authorized(build(&self.http))?.send().await;
            sent.map_err(|error| self.broken(what, &error))
        };
        let mut response = once().await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && self.at_registry(&response)
            && let found @ Some(_) = self.authorize(response.headers()).await?
            && found != self.authorization()
        {
            self.authorization.replace(found);
            response = once().await?;
        }
        self.answer(what, response).await
    }

    /// The request that puts a blob's bytes where the registry wants them. If that is another server, it is not shown
    /// the login.
    pub fn upload(&self, place: Url, bytes: u64, body: Body) -> Result<RequestBuilder> {
        let own = Url::parse(&self.remote.root()).is_ok_and(|own| own.origin() == place.origin());
        let client = match self.uploads.get() {
            Some(client) => client,
            None => {
                // For the client, nothing is read from the beginning of an upload to its end.
                let client = client(self.remote, None)?;
                self.uploads.get_or_init(|| client)
            }
        };
        let request = client.put(place).header(CONTENT_LENGTH, bytes);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        let request = request.body(body);
        if own {
            self.authorized(request)
        } else {
            Ok(request)
        }
    }

    fn authorized(&self, mut request: RequestBuilder) -> Result<RequestBuilder> {
        if let Some(known) = self.authorization() {
            let value = HeaderValue::try_from(known.header());
            let mut value = value.map_err(|_| {
                let reason = "its user name or password has letters that no header can have";
                self.unusable("a login", reason)
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Finds out what the registry demands, with a request that is good for nothing else, unless
    /// that is known.
    pub async fn greet(&self) -> Result<(), Failure> {
        if self.greeted.get() {
            return Ok(());
        }
        let root = self.remote.root();
        self.send("a greeting", |http| http.get(&root)).await?;
        self.greeted.set(true);
        // Some registries greet everybody and demand a login later, without saying how.
        if let (None, Credentials::Basic { user, password }) =
            (self.authorization(), &self.remote.credentials)
        {
            self.authorization.replace(Some(Authorization::Basic {
                user: user.clone(),
                password: password.clone(),
            }));
        }
        Ok(())
    }

    /// Does something until it succeeds or nothing can be hoped for any more.
    pub async fn patiently<T>(
        &self,
        mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T> {
        let patience = &self.remote.patience;
        let mut failures = 0;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if !failure.again {
                return Err(failure.error);
            }
            failures = if failure.progress { 1 } else { failures + 1 };
            let wait = failure.asked.unwrap_or_else(|| patience.wait(failures));
            if failures >= patience.tries || wait > patience.longest_wait {
                return Err(Error::GaveUp {
                    tries: failures,
                    last: Box::new(failure.error),
                });
            }
            (self.watch)(&Event::Again {
                error: &failure.error,
                wait,
            });
            tokio::time::sleep(wait).await;
        }
    }
}
