//! An HTTP server on a loopback port. It stops when its value is dropped.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The delay after a connection could not be accepted, for example because of too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

pub struct Server {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server; errors contain `name`. `serve` makes the service of each connection from the client's address.
    pub fn start<S, B>(name: &str, serve: impl Fn(SocketAddr) -> S + Send + 'static) -> Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .with_context(|| format!("failed to start threads for the {name}"))?;
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .with_context(|| format!("failed to open a loopback port for the {name}"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            loop {
                // A connection that the client closes before it is accepted is not an error.
                let Ok((socket, peer)) = listener.accept().await else {
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                };
                // Sends data without delay, as real services do: otherwise the end of a response is delayed by up to 40
                // ms until the client has acknowledged the rest (Nagle's algorithm).
                let _ = socket.set_nodelay(true);
                let connection = server.serve_connection(TokioIo::new(socket), serve(peer)).into_owned();
                tokio::spawn(async move {
                    // A connection that the client closes while it is served is not an error, either.
                    let _ = connection.await;
                });
            }
        });
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not wait for requests that are still being served.
            runtime.shutdown_background();
        }
    }
}
