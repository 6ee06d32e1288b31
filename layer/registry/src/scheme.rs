//! Plain HTTP or TLS: what is permitted for a registry, and what a session uses.

use std::cell::Cell;

/// How a registry is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Only by TLS, with a certificate that is verified.
    Tls,
    /// By plain HTTP, or TLS with a verified certificate if the registry turns out to speak only that.
    PlainHttp,
    /// By TLS without verifying the certificate, or plain HTTP if the registry does not speak TLS. This is the meaning
    /// of `insecure-registries` in Docker's configuration: <https://docs.docker.com/reference/cli/dockerd/>.
    Insecure,
}

/// The scheme of a session's requests.
pub(crate) struct SchemeInUse {
    tls: Cell<bool>,
    /// Whether the registry has answered by it, or no other is permitted.
    settled: Cell<bool>,
}

impl SchemeInUse {
    pub fn new(transport: Transport) -> Self {
        Self {
            tls: Cell::new(transport != Transport::PlainHttp),
            settled: Cell::new(transport == Transport::Tls),
        }
    }

    pub fn name(&self) -> &'static str {
        if self.tls.get() { "https" } else { "http" }
    }

    pub fn is_tls(&self) -> bool {
        self.tls.get()
    }

    pub fn switch(&self) {
        self.tls.set(!self.tls.get());
    }

    pub fn is_settled(&self) -> bool {
        self.settled.get()
    }

    pub fn settle(&self) {
        self.settled.set(true);
    }
}
