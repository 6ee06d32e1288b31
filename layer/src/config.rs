//! What is asked for of an image besides its files.

use std::collections::BTreeMap;

use crate::Architecture;

/// What an image is and how it is started.
#[derive(Clone, Debug)]
pub struct ImageConfig {
    /// Its name, without a tag.
    pub name: String,
    /// Its processor.
    pub architecture: Architecture,
    /// The program and its arguments.
    pub entrypoint: Vec<String>,
    /// The user that it runs as where nothing else is said; Lambda has one of its own.
    pub user: Option<String>,
    /// The folder that it starts in.
    pub working_folder: Option<String>,
    /// Labels.
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
            working_folder: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}
