//! What Docker before version 25 reads of an archive.

use serde::{Deserialize, Serialize};

use crate::Digest;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DockerImage {
    /// The path of the configuration in the archive.
    pub(crate) config: String,
    pub(crate) repo_tags: Option<Vec<String>>,
    /// The paths of the layers in the archive, the lowest first.
    pub(crate) layers: Vec<String>,
}

/// The path of a blob in the archive.
pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
