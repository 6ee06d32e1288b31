//! The HTTP clients of a session. They take proxies from the environment.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};

use reqwest::{Client, ClientBuilder, Proxy, Url, redirect};

use super::proxies::Proxies;
use super::{Error, RegistryImage, Result, Transport};

pub(crate) struct Clients<'a> {
    image: &'a RegistryImage,
    pub proxies: Arc<Proxies>,
    registry: Client,
    uploads: OnceCell<Client>,
    redirect_target: RedirectTarget,
}

/// The URL that the last request to the registry was redirected to. An error of the request does not name it.
type RedirectTarget = Arc<Mutex<Option<Url>>>;

const MAX_REDIRECTS: usize = 10;

#[derive(Debug, thiserror::Error)]
#[error("it redirects more than {MAX_REDIRECTS} times")]
pub(crate) struct TooManyRedirects;

impl<'a> Clients<'a> {
    pub fn new(image: &'a RegistryImage) -> Result<Self> {
        // The provider is global to the process. An error means that one is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxies = Arc::new(Proxies::from_environment(&|name| std::env::var(name).ok()));
        let redirect_target = RedirectTarget::default();
        let registry = build(image, &proxies, |client| {
            for_registry(client, image)
                .read_timeout(image.retry_policy.read_timeout)
                .redirect(following_policy(redirect_target.clone()))
        })?;
        Ok(Self {
            image,
            registry,
            uploads: OnceCell::new(),
            proxies,
            redirect_target,
        })
    }

    /// For requests to the registry.
    pub fn for_registry(&self) -> &Client {
        &self.registry
    }

    /// The URL that the last request was redirected to, if it was, and if nobody has asked for it yet.
    pub fn take_redirect_target(&self) -> Option<Url> {
        self.redirect_target.lock().ok()?.take()
    }

    /// For uploads. It has no read timeout, which would count from the start of the upload, during which nothing is
    /// read. It follows no redirects, because the stream of a blob's bytes cannot be repeated.
    pub fn for_uploads(&self) -> Result<&Client> {
        if let Some(client) = self.uploads.get() {
            return Ok(client);
        }
        let client = build(self.image, &self.proxies, |client| {
            for_registry(client, self.image).redirect(redirect::Policy::none())
        })?;
        Ok(self.uploads.get_or_init(|| client))
    }

    /// For a token service, which gets credentials. It follows no redirects to another server, because the body of a
    /// request would go there too. If the service is not on the registry itself (`own`), its certificate is always
    /// verified.
    pub fn for_tokens(&self, own: bool) -> Result<Client> {
        build(self.image, &self.proxies, |client| {
            let client = match own {
                true => for_registry(client, self.image),
                false => client,
            };
            client
                .read_timeout(self.image.retry_policy.read_timeout)
                .redirect(redirect::Policy::custom(|attempt| {
                    let same = |from: &Url| from.origin() == attempt.url().origin();
                    match attempt.previous() {
                        [.., last] if attempt.previous().len() <= MAX_REDIRECTS && same(last) => attempt.follow(),
                        _ => attempt.stop(),
                    }
                }))
        })
    }
}

fn following_policy(target: RedirectTarget) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        if let Ok(mut target) = target.lock() {
            *target = Some(attempt.url().clone());
        }
        match attempt.previous().len() > MAX_REDIRECTS {
            true => attempt.error(TooManyRedirects),
            false => attempt.follow(),
        }
    })
}

fn for_registry(client: ClientBuilder, image: &RegistryImage) -> ClientBuilder {
    client.tls_danger_accept_invalid_certs(image.transport == Transport::Insecure)
}

/// Builds a client that trusts the authorities of the system and those of `image`.
fn build(
    image: &RegistryImage,
    proxies: &Arc<Proxies>,
    configure: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client> {
    let authorities = || image.certificates.authorities.clone();
    let client = configure(builder(image, proxies).tls_certs_merge(authorities())).build();
    // A system without authorities, such as a minimal container, has no others.
    let client = client.or_else(|_| configure(builder(image, proxies).tls_certs_only(authorities())).build());
    client.map_err(|error| client_error(&error))
}

fn builder(image: &RegistryImage, proxies: &Arc<Proxies>) -> ClientBuilder {
    let proxies = proxies.clone();
    let client = Client::builder()
        .user_agent(concat!("layer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(image.retry_policy.connect_timeout)
        // A URL of storage is signed, and no other server's business.
        .referer(false)
        .https_only(image.transport == Transport::Tls)
        .proxy(Proxy::custom(move |url| Some(proxies.find(url)?.url.clone())));
    match &image.certificates.identity {
        Some(identity) => client.identity(identity.clone()),
        None => client,
    }
}

pub(crate) fn client_error(error: &dyn std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    Error::Other(format!("failed to set up the HTTP client: {text}"))
}
