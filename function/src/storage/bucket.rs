//! A bucket: one that S3 has, or a folder. Of all that an object store can do, what the function does.

use object_store::aws::AmazonS3;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectStore, PutOptions, PutPayload, PutResult, Result};

/// A bucket. It is no `dyn ObjectStore`: that would keep in the binary all that stores can do, lists,
/// copies and uploads in parts, and the reader of XML for their answers; 0.3 MB.
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

    pub async fn put(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        match self {
            Self::S3(store) => store.put_opts(path, payload, options).await,
            Self::Folder(store) => store.put_opts(path, payload, options).await,
        }
    }
}
