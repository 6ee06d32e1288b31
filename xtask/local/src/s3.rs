//! An S3 server on a loopback port that keeps objects in memory, under any key that S3 allows. It stops when its value
//! is dropped.

mod objects;
mod operations;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::function_package::StoredObject;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use self::objects::{Object, Objects};
use super::server::Server;

/// The access key that the server accepts and the function signs with; valid only for this server.
pub const ACCESS_KEY: &str = "local-test";
pub const SECRET_KEY: &str = "local-test-secret";

pub struct S3Server {
    server: Server,
    objects: Objects,
}

impl S3Server {
    pub fn start() -> Result<Self> {
        let objects = Objects::default();
        let mut service = S3ServiceBuilder::new(objects.clone());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        Ok(Self {
            server: Server::start("S3 server", move |_| service.clone())?,
            objects,
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// # Errors
    /// S3 does not permit the name.
    pub fn create_bucket(&self, bucket: &str) -> Result<()> {
        let permitted = s3s::path::check_bucket_name(bucket);
        ensure!(
            permitted,
            "failed to create the bucket `{bucket}`: S3 does not permit this name"
        );
        self.objects.create_bucket(bucket);
        Ok(())
    }

    pub fn put(&self, bucket: &str, key: &str, file: &Path) -> Result<()> {
        let content = fs::read(file)?;
        self.write(bucket, key, &content)
    }

    /// Creates their buckets.
    pub fn put_objects<'a>(&self, objects: impl IntoIterator<Item = &'a StoredObject>) -> Result<()> {
        for object in objects {
            self.create_bucket(&object.bucket)?;
            self.put(&object.bucket, &object.key, &object.file)?;
        }
        Ok(())
    }

    /// # Errors
    /// The bucket does not exist.
    pub fn write(&self, bucket: &str, key: &str, content: &[u8]) -> Result<()> {
        let object = Object::new(content.to_vec().into());
        let written = self.objects.put(bucket, key, object);
        written.with_context(|| format!("failed to put `{key}`: the bucket `{bucket}` does not exist"))
    }

    /// # Errors
    /// The object does not exist.
    pub fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        let removed = self.objects.remove(bucket, key).flatten();
        removed.with_context(|| format!("failed to remove s3://{bucket}/{key}: it does not exist"))?;
        Ok(())
    }

    /// In the order of their UTF-8 bytes, as S3 lists them.
    pub fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let keys = self.objects.keys(bucket);
        keys.with_context(|| format!("failed to list the bucket `{bucket}`: it does not exist"))
    }

    pub fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        let object = self.objects.get(bucket, key).flatten();
        let object = object.with_context(|| format!("the function wrote no object s3://{bucket}/{key}"))?;
        Ok(object.content.into())
    }
}

#[cfg(test)]
mod tests;
