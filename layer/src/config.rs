//! The configuration of an image that is written.

use std::collections::BTreeMap;

use crate::Architecture;

#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct ImageConfig {
    pub name: String,
    pub architecture: Architecture,
    pub entrypoint: Vec<String>,
    /// The default user outside Lambda, which has its own.
    pub user: Option<String>,
    pub working_dir: Option<String>,
    /// Environment variables; those of a base are kept unless they have the same names.
    pub environment: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifest, with the keys of
    /// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>.
    pub annotations: BTreeMap<String, String>,
}

impl ImageConfig {
    /// A configuration without an entry point.
    pub fn new(name: &str, architecture: Architecture) -> Self {
        Self {
            name: name.to_owned(),
            architecture,
            entrypoint: Vec::new(),
            user: None,
            working_dir: None,
            environment: BTreeMap::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}
