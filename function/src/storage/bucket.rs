//! The operations of a bucket that the function needs, on S3 or on a local folder.

use object_store::aws::AmazonS3;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectStore, PutOptions, PutPayload, PutResult, Result};

/// An enum, because `dyn ObjectStore` would keep all operations in the binary: lists, copies, multipart uploads, and
/// the XML parser for their responses; 0.3 MB.
#[derive(Clone, Debug)]
pub enum Bucket {
    S3(AmazonS3),
    Folder(LocalFileSystem),
}

impl Bucket {
    pub async fn get(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match self {
            Self::S3(store) => store.get_opts(path, options).await,
            Self::Folder(store) => store.get_opts(path, options).await,
        }
    }

    pub async fn put(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self {
            Self::S3(store) => store.put_opts(path, payload, options).await,
            Self::Folder(store) => store.put_opts(path, payload, options).await,
        }
    }
}
