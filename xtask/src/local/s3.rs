//! A real S3 server on a loopback port, whose buckets are folders. Ends with its value.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The key that the server accepts and the function signs with; good for this server only.
pub const ACCESS_KEY: &str = "local-test";
/// Its secret.
pub const SECRET_KEY: &str = "local-test-secret";

/// The server.
pub struct S3Server {
    address: SocketAddr,
    folder: PathBuf,
    _runtime: Runtime,
}

impl S3Server {
    /// Starts a server that keeps its buckets in `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        let files = FileSystem::new(folder).map_err(|error| {
            anyhow::anyhow!(
                "failed to keep S3's objects in `{}`: {error:?}",
                folder.display()
            )
        })?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("failed to start threads for the S3 server")?;
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .context("failed to open a loopback port for the S3 server")?;
        let address = listener.local_addr()?;
        runtime.spawn(serve(listener, service.build()));
        Ok(Self {
            address,
            folder: folder.to_owned(),
            _runtime: runtime,
        })
    }

    /// Its address, as `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &str) -> Result<()> {
        let folder = self.folder.join(bucket);
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create the bucket `{}`", folder.display()))
    }

    /// Puts a file into a bucket.
    pub fn put(&self, bucket: &str, key: &str, file: &Path) -> Result<()> {
        let content =
            fs::read(file).with_context(|| format!("failed to read `{}`", file.display()))?;
        self.write(bucket, key, &content)
    }

    /// Puts bytes into a bucket.
    pub fn write(&self, bucket: &str, key: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(bucket).join(key);
        let parent = path.parent().unwrap_or(&path);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, content))
            .with_context(|| format!("failed to put `{}` into the bucket", path.display()))
    }

    /// Takes an object out of a bucket.
    pub fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        let path = self.folder.join(bucket).join(key);
        fs::remove_file(&path).with_context(|| format!("failed to remove `{}`", path.display()))
    }

    /// The keys of a bucket's objects, in order.
    pub fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let root = self.folder.join(bucket);
        let mut keys = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder)
                .with_context(|| format!("failed to read `{}`", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(&root)?;
                    keys.push(key.display().to_string());
                }
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// What an object holds.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        fs::read(self.folder.join(bucket).join(key))
            .with_context(|| format!("the function wrote no object s3://{bucket}/{key}"))
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    let server = Builder::new(TokioExecutor::new());
    loop {
        // A connection that breaks off before it is accepted is the client's affair.
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let connection = server
            .serve_connection(TokioIo::new(socket), service.clone())
            .into_owned();
        tokio::spawn(async move {
            // The same for one that breaks off later.
            let _ = connection.await;
        });
    }
}
