//! Classifies errors of connections: what failed, and which setting helps. Errors name no URL beyond its origin, because
//! redirect targets of registries are signed.

use std::error::Error as StdError;
use std::io;

use reqwest::Url;
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::registry_image::is_loopback;
use super::{Error, Failure, Session};

impl Session<'_> {
    pub fn classify_error(&self, what: &str, error: &reqwest::Error) -> Failure {
        let target = self.clients.take_redirect_target();
        let elsewhere = target.as_ref().or(error.url()).filter(|url| !self.is_own(url));
        let tls = find_cause::<TlsError>(error).map(|cause| self.tls_reason(cause, elsewhere));
        let mut reason = tls.clone().unwrap_or_else(|| root_cause(error));
        if let (None, true, Some(name)) = (&tls, error.is_connect(), self.proxy_variable()) {
            reason += &format!(" (the proxy of {name} is used, unless NO_PROXY names the host)");
        }
        let retryable = tls.is_none() && !error.is_builder() && !error.is_redirect();
        if let Some(url) = elsewhere
            && (error.is_connect() || error.is_builder())
        {
            let reason = match url.scheme() {
                "http" if error.is_builder() => "that is plain HTTP, and the registry is accessed by TLS".to_owned(),
                _ => reason,
            };
            let error = self.misdirected(what, url, reason);
            return Failure {
                retryable,
                ..error.into()
            };
        }
        let (registry, what) = (self.image.registry().to_owned(), what.to_owned());
        if let Some(reason) = tls {
            let error = format!("failed to make a trusted connection to {registry} for {what}: {reason}");
            return Error::Other(error).into();
        }
        if !retryable {
            return Error::InvalidResponse { registry, what, reason }.into();
        }
        Failure::transient(Error::Unreachable { registry, what, reason })
    }

    pub fn misdirected(&self, what: &str, to: &Url, reason: impl Into<String>) -> Error {
        Error::Misdirected {
            registry: self.image.registry().to_owned(),
            what: what.to_owned(),
            origin: to.origin().ascii_serialization(),
            reason: reason.into(),
        }
    }

    /// The variable with the proxy of the registry, if it may have one.
    fn proxy_variable(&self) -> Option<&'static str> {
        let scheme = match self.scheme.is_tls() {
            true => ["HTTPS_PROXY", "https_proxy"],
            false => ["HTTP_PROXY", "http_proxy"],
        };
        let mut names = scheme.into_iter().chain(["ALL_PROXY", "all_proxy"]);
        let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        names.find(set).filter(|_| !is_loopback(self.image.registry()))
    }

    /// The reason of a failed TLS handshake with the registry, or with the server of the URL `elsewhere`.
    fn tls_reason(&self, error: &TlsError, elsewhere: Option<&Url>) -> String {
        let host = match elsewhere {
            Some(url) => url.authority().to_owned(),
            None => self.image.registry().to_owned(),
        };
        let remedy = match error {
            TlsError::InvalidMessage(_) => format!(
                "the server does not speak TLS; if it is meant to be used by plain HTTP, permit that with \
                 `--plain-http {host}`, or with `insecure-registries` in Docker's daemon.json"
            ),
            // The signature is wrong if a known authority was replaced by another one of the same name.
            TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => format!(
                "no known authority has issued the certificate; add the authority's certificate as \
                 /etc/docker/certs.d/{host}/ca.crt, or name a file of authorities in SSL_CERT_FILE"
            ),
            TlsError::InvalidCertificate(_) => {
                format!("use an address that the certificate is for, or renew it on {host}")
            }
            TlsError::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::HandshakeFailure,
            ) => format!(
                "the server demands or refuses a client's certificate; add it as client.cert, with its key as \
                 client.key, in /etc/docker/certs.d/{host}"
            ),
            _ => return error.to_string(),
        };
        format!("{error}: {remedy}")
    }
}

/// The reason of an error, without URLs.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the connection timed out".into();
    }
    if error.is_redirect() {
        return "it redirects to an address that is not allowed".into();
    }
    let mut reason = "the connection broke".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        if !cause.is::<reqwest::Error>() && cause.source().is_none() {
            reason = cause.to_string();
        }
        source = cause.source();
    }
    reason
}

/// The first cause of the type `T`.
pub(crate) fn find_cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error that wraps another error does not count it among its sources.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
