//! Opens connections: DNS, TCP, the proxy of the environment, TLS.

use std::future::poll_fn;
use std::time::Duration;

use ::http::uri::Scheme;
use ::http::{Request, Uri, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::pool::Sender;
use super::transport_error::TransportError::{self, Configuration, Connection};
use super::transport_error::describe;
use crate::storage::endpoint::Origin;
use crate::storage::tls::tls_connector;

/// Without it, a function in a network without access to S3 would hang until Lambda kills it, without an error.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The memory for data that was received and not read yet, in bytes. hyper keeps several such buffers, by default of 408
/// KiB, which can be 3.5 MB of the peak memory with a photo of 625 kB.
const MAX_BUFFER: usize = 1 << 16;

/// The proxies of the environment, by the variables that other tools read.
pub fn proxies(variable: impl Fn(&str) -> Option<String>) -> Matcher {
    let value_of = |name: &str| {
        variable(name)
            .or_else(|| variable(&name.to_uppercase()))
            .unwrap_or_default()
    };
    Matcher::builder()
        .all(value_of("all_proxy"))
        .http(value_of("http_proxy"))
        .https(value_of("https_proxy"))
        .no(value_of("no_proxy"))
        .build()
}

pub(super) struct Dialer {
    tcp: HttpConnector,
    tls: TlsConnector,
    proxies: Option<Matcher>,
}

/// One type for connections with and without TLS, so that the code for HTTP is in the binary only once.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Dialer {
    pub(super) fn new(proxies: Option<Matcher>) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        // URLs with https are for TLS on top.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Ok(Self {
            tcp,
            tls: tls_connector()?,
            proxies,
        })
    }

    /// A proxy for plain HTTP is sent whole URLs. Source: RFC 9112, 3.2.2.
    pub(super) fn prepare(&self, origin: &Origin, request: &mut Request<Full<Bytes>>) {
        if origin.https {
            return;
        }
        if let Some(proxy) = self.proxy(origin)
            && let Ok(whole) = format!("{}{}", origin.url(), request.uri()).parse()
        {
            *request.uri_mut() = whole;
            if let Some(authorization) = proxy.basic_auth() {
                request
                    .headers_mut()
                    .insert(header::PROXY_AUTHORIZATION, authorization.clone());
            }
        }
    }

    pub(super) async fn connect(&self, origin: &Origin) -> Result<Sender, TransportError> {
        let connecting = timeout(CONNECT_TIMEOUT, self.open(origin)).await;
        let stream = connecting
            .map_err(|_| Connection(format!("it took more than {} s", CONNECT_TIMEOUT.as_secs())))
            .flatten();
        let through = match self.proxy(origin) {
            Some(_) => " through the proxy",
            None => "",
        };
        let with_host = |reason: String| format!("failed to connect to {}{through}: {reason}", origin.authority);
        let stream = stream.map_err(|error| match error {
            Configuration(reason) => Configuration(with_host(reason)),
            Connection(reason) => Connection(with_host(reason)),
        })?;
        let mut client = http1::Builder::new();
        client.max_buf_size(MAX_BUFFER);
        let handshake = client.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| Connection(describe(&error)))?;
        tokio::spawn(async move {
            // The error is that of the request, which reports it.
            let _ = connection.await;
        });
        Ok(sender)
    }

    fn proxy(&self, origin: &Origin) -> Option<Intercept> {
        let uri: Uri = origin.url().parse().ok()?;
        self.proxies.as_ref()?.intercept(&uri)
    }

    async fn open(&self, origin: &Origin) -> Result<Box<dyn Stream>, TransportError> {
        let invalid = || Configuration("the host name is invalid".to_owned());
        let uri: Uri = origin.url().parse().map_err(|_| invalid())?;
        let tcp = match self.proxy(origin) {
            None => call(self.tcp.clone(), uri.clone()).await?,
            Some(proxy) if proxy.uri().scheme() != Some(&Scheme::HTTP) => {
                let reason = "the proxy's URL is not one with http; others are not supported";
                return Err(Configuration(reason.to_owned()));
            }
            Some(proxy) if origin.https => {
                let tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
                let tunnel = match proxy.basic_auth() {
                    Some(authorization) => tunnel.with_auth(authorization.clone()),
                    None => tunnel,
                };
                call(tunnel, uri.clone()).await?
            }
            Some(proxy) => call(self.tcp.clone(), proxy.uri().clone()).await?,
        };
        if !origin.https {
            return Ok(Box::new(tcp));
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| invalid())?;
        let stream = self.tls.connect(name, tcp).await;
        let stream = stream.map_err(|error| Connection(describe(&error)))?;
        Ok(Box::new(stream))
    }
}

async fn call<C>(mut connector: C, uri: Uri) -> Result<TcpStream, TransportError>
where
    C: Service<Uri, Response = TokioIo<TcpStream>, Error: std::error::Error>,
{
    let ready = poll_fn(|context| connector.poll_ready(context)).await;
    ready.map_err(|error| Connection(describe(&error)))?;
    let stream = connector.call(uri).await;
    Ok(stream.map_err(|error| Connection(describe(&error)))?.into_inner())
}
