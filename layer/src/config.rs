//! What is asked for of an image besides its files.

use std::collections::BTreeMap;

use crate::Architecture;

#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub struct ImageConfig {
    pub name: String,
    pub architecture: Architecture,
    pub entrypoint: Vec<String>,
    /// The user that it runs as where nothing else is said; Lambda has one of its own.
    pub user: Option<String>,
    pub working_dir: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// What the manifest says about the image, by the names of
    /// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>.
    pub annotations: BTreeMap<String, String>,
}

impl ImageConfig {
    /// An image that starts nothing.
    pub fn new(name: &str, architecture: Architecture) -> Self {
        Self {
            name: name.to_owned(),
            architecture,
            entrypoint: Vec::new(),
            user: None,
            working_dir: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}
