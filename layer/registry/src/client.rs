//! The HTTP clients of a session. They take proxies from the environment.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};

use reqwest::{Client, ClientBuilder, Url, redirect};

use super::registry_image::is_loopback;
use super::{Error, RegistryImage, Result, Transport};

pub(crate) struct Clients<'a> {
    image: &'a RegistryImage,
    registry: Client,
    uploads: OnceCell<Client>,
    elsewhere: OnceCell<Client>,
    redirect_target: RedirectTarget,
}

/// The URL that the last request to the registry was redirected to. An error of the request does not name it.
type RedirectTarget = Arc<Mutex<Option<Url>>>;

const MAX_REDIRECTS: usize = 10;

impl<'a> Clients<'a> {
    pub fn new(image: &'a RegistryImage) -> Result<Self> {
        // The provider is global to the process. An error means that one is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirect_target = RedirectTarget::default();
        let registry = registry_builder(image)
            .read_timeout(image.retry_policy.read_timeout)
            .redirect(following_policy(redirect_target.clone()));
        Ok(Self {
            image,
            registry: build(registry)?,
            uploads: OnceCell::new(),
            elsewhere: OnceCell::new(),
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
        get_or_build(&self.uploads, || {
            registry_builder(self.image).redirect(redirect::Policy::none())
        })
    }

    /// For services on other hosts that get credentials. It always verifies certificates.
    pub fn for_elsewhere(&self) -> Result<&Client> {
        get_or_build(&self.elsewhere, || {
            builder(self.image).read_timeout(self.image.retry_policy.read_timeout)
        })
    }
}

fn following_policy(target: RedirectTarget) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt.error("too many redirects");
        }
        if let Ok(mut target) = target.lock() {
            *target = Some(attempt.url().clone());
        }
        attempt.follow()
    })
}

fn get_or_build(cell: &OnceCell<Client>, builder: impl FnOnce() -> ClientBuilder) -> Result<&Client> {
    if let Some(client) = cell.get() {
        return Ok(client);
    }
    let client = build(builder())?;
    Ok(cell.get_or_init(|| client))
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| client_error(&error))
}

fn registry_builder(image: &RegistryImage) -> ClientBuilder {
    builder(image).tls_danger_accept_invalid_certs(image.transport == Transport::Insecure)
}

fn builder(image: &RegistryImage) -> ClientBuilder {
    let mut client = Client::builder()
        .user_agent(concat!("layer/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(image.retry_policy.connect_timeout)
        .https_only(image.transport == Transport::Tls);
    if is_loopback(image.reference.resolve_registry()) {
        // A proxy cannot reach this machine's loopback ports.
        client = client.no_proxy();
    }
    let certificates = &image.certificates;
    if !certificates.authorities.is_empty() {
        client = client.tls_certs_merge(certificates.authorities.clone());
    }
    match &certificates.identity {
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
