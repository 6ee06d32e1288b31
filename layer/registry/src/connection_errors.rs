//! Classifies errors of connections: what failed, and which setting helps. Errors name no URL beyond its origin, because
//! redirect targets of registries are signed.

use std::error::Error as StdError;
use std::io;

use reqwest::Url;
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::client::TooManyRedirects;
use super::{Error, Failure, Session};

impl Session<'_> {
    pub fn classify_error(&self, what: &str, error: &reqwest::Error) -> Failure {
        let target = self.clients.take_redirect_target();
        let url = target.as_ref().or(error.url());
        let elsewhere = url.filter(|url| !self.is_own(url));
        let tls = find_cause::<TlsError>(error).map(|cause| self.tls_reason(cause, elsewhere));
        let mut reason = tls.clone().unwrap_or_else(|| root_cause(error));
        let proxy = url.and_then(|url| self.clients.proxies.find(url));
        if let Some(proxy) = proxy.filter(|_| tls.is_none() && error.is_connect()) {
            reason += &format!(" (the proxy of {} is used, unless NO_PROXY names the host)", proxy.name);
        }
        let refused = error.is_builder() || error.is_redirect();
        let retryable = tls.is_none() && !refused;
        let endless = find_cause::<TooManyRedirects>(error).is_some();
        let plain_http = |url: &Url| refused && !endless && url.scheme() == "http";
        if let Some(url) = elsewhere.filter(|url| error.is_connect() || plain_http(url)) {
            let reason = match plain_http(url) {
                true => "that is plain HTTP, and the registry is accessed by TLS".to_owned(),
                false => reason,
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
