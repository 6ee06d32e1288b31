//! The connection to one registry: requests go out with what the registry demands, are tried again
//! where that can help, and good answers come back.

use std::cell::{Cell, RefCell};
use std::future::Future;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::error::Failure;
use super::judge::{Judge, at_registry};
use super::remote::is_loopback;
use super::token::{self, Authorization, Scope};
use super::watch::{Event, Watch};
use super::{Credentials, Error, Remote, Result};

/// What the registry is told of who asks.
pub(crate) const AGENT: &str = concat!("layer/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Session<'a> {
    pub remote: &'a Remote,
    pub watch: &'a Watch<'a>,
    scope: Scope,
    http: reqwest::Client,
    authorization: RefCell<Option<Authorization>>,
    greeted: Cell<bool>,
}

/// Does something with a connection, and waits until it is done.
pub(crate) fn within<'a, T, F: Future<Output = Result<T>>>(
    remote: &'a Remote,
    scope: Scope,
    watch: &'a Watch<'a>,
    action: impl FnOnce(Session<'a>) -> F,
) -> Result<T> {
    let client = |reason: String| Error::Client { reason };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| client(error.to_string()))?;
    // The process has one provider for all its TLS; if there is one already, it serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let patience = &remote.patience;
    let mut http = reqwest::Client::builder()
        .user_agent(AGENT)
        .connect_timeout(patience.connect)
        .read_timeout(patience.silence)
        .https_only(!remote.plain_http);
    if is_loopback(remote.reference.resolve_registry()) {
        // No proxy can reach this machine's own ports.
        http = http.no_proxy();
    }
    let http = http.build().map_err(|error| client(error.to_string()))?;
    runtime.block_on(action(Session {
        remote,
        watch,
        scope,
        http,
        authorization: RefCell::default(),
        greeted: Cell::default(),
    }))
}

impl Session<'_> {
    /// What tells good answers from bad ones.
    pub fn judge(&self) -> Judge<'_> {
        let credentials = self.remote.credentials.secrets().map(str::to_owned);
        let headers = self.authorization().map(|known| known.header());
        // Without its scheme, as a message may have it.
        let headers = headers.and_then(|header| Some(header.split_once(' ')?.1.to_owned()));
        let secrets = credentials.into_iter().chain(headers);
        Judge {
            remote: self.remote,
            secrets: secrets.filter(|secret| !secret.is_empty()).collect(),
        }
    }

    /// What requests carry at present.
    pub fn authorization(&self) -> Option<Authorization> {
        self.authorization.borrow().clone()
    }

    /// Forgets a token that the registry does not take any more; whether there was one.
    pub fn forget_token(&self) -> bool {
        self.greeted.set(false);
        let known = self.authorization.take();
        let token = matches!(known, Some(Authorization::Bearer(_)));
        token && !matches!(self.remote.credentials, Credentials::Token(_))
    }

    /// Sends a request, once more with what the registry demands if it demands something, and
    /// returns the answer if it is a good one.
    pub async fn send(
        &self,
        what: &str,
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let mut response = self.once(what, &build).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && at_registry(self.remote, &response)
            && self.authorize(response.headers()).await?
        {
            response = self.once(what, &build).await?;
        }
        self.judge().answer(what, response).await
    }

    async fn once(
        &self,
        what: &str,
        build: &impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let mut request = build(&self.http);
        if let Some(known) = self.authorization() {
            let value = HeaderValue::try_from(known.header());
            let mut value = value.map_err(|_| {
                let reason = "its user name or password has letters that no header can have";
                self.judge().unusable("a login", reason)
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let sent = request.send().await;
        sent.map_err(|error| self.judge().broken(what, &error))
    }

    /// Gets what the registry demands; whether that is something new.
    async fn authorize(&self, headers: &HeaderMap) -> Result<bool, Failure> {
        let found = token::authorize(&self.http, self.remote, self.scope, headers).await?;
        let new = found.is_some() && found != self.authorization();
        if new {
            self.authorization.replace(found);
        }
        Ok(new)
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
        attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T> {
        let mut attempt = attempt;
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
