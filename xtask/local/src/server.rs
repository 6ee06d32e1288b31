//! An HTTP server on a loopback port, which ends with its value.

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

/// How long to wait when no connection can be accepted, as with too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

pub struct Server {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server, which errors call `name`. Each connection has the service that `serve` makes
    /// for who is at its other end.
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
                // A connection that breaks off before it is accepted is the client's affair.
                let Ok((socket, peer)) = listener.accept().await else {
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                };
                // As real services: without it the end of an answer waits up to 40 ms for the client to say that it has
                // the rest.
                let _ = socket.set_nodelay(true);
                let connection = server
                    .serve_connection(TokioIo::new(socket), serve(peer))
                    .into_owned();
                tokio::spawn(async move {
                    // The same for one that breaks off later.
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
            // What is still being served is not waited for.
            runtime.shutdown_background();
        }
    }
}
