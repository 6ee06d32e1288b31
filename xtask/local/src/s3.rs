//! An S3 server on a loopback port, whose buckets are folders. It stops when its value is dropped.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use support::files::all_files;

use super::server::Server;

/// The access key that the server accepts and the function signs with; valid only for this server.
pub const ACCESS_KEY: &str = "local-test";
pub const SECRET_KEY: &str = "local-test-secret";

pub struct S3Server {
    server: Server,
    folder: PathBuf,
}

impl S3Server {
    /// Starts a server that keeps its buckets in `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let files = FileSystem::new(folder).map_err(|error| {
            anyhow::anyhow!(
                "failed to use `{}` as the S3 server's folder: {error:?}",
                folder.display()
            )
        })?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let server = Server::start("S3 server", move |_| service.clone())?;
        Ok(Self {
            server,
            folder: folder.to_owned(),
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    pub fn create_bucket(&self, bucket: &str) -> Result<()> {
        let folder = self.folder.join(bucket);
        Ok(fs::create_dir_all(&folder)?)
    }

    pub fn put(&self, bucket: &str, key: &str, file: &Path) -> Result<()> {
        let content = fs::read(file)?;
        self.write(bucket, key, &content)
    }

    pub fn write(&self, bucket: &str, key: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(bucket).join(key);
        let parent = path.parent().unwrap_or(&path);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, content))
            .with_context(|| format!("failed to put `{}` into the bucket", path.display()))
    }

    pub fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        let path = self.folder.join(bucket).join(key);
        Ok(fs::remove_file(&path)?)
    }

    pub fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let root = self.folder.join(bucket);
        let files = all_files(&root)?;
        let keys = files.iter().map(|path| path.strip_prefix(&root));
        let mut keys: Vec<_> = keys.map(|key| Ok(key?.display().to_string())).collect::<Result<_>>()?;
        keys.sort();
        Ok(keys)
    }

    pub fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        fs::read(self.folder.join(bucket).join(key))
            .with_context(|| format!("the function wrote no object s3://{bucket}/{key}"))
    }
}
