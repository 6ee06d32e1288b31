//! What Lambda promises and demands, as numbers and names: `data/lambda.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::GlibcVersion;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lambda {
    /// Shared libraries that a function's binary may need.
    pub(crate) libraries: Vec<String>,
    /// The glibc of the runtime for zip archives.
    pub(crate) runtime_glibc: GlibcVersion,
    /// The most bytes that an image may unpack to.
    pub(crate) image_unpacked_bytes: u64,
    /// The largest zip archive that can be uploaded directly.
    pub(crate) zip_upload_bytes: u64,
    /// The most bytes that a zip archive may unpack to.
    pub(crate) zip_unpacked_bytes: u64,
    /// Folders with files that only root may read in every operating system.
    pub(crate) private_folders: Vec<String>,
}

/// The file, which every test of this crate that looks at it checks.
pub(crate) static LAMBDA: LazyLock<Lambda> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/lambda.toml"))
        .unwrap_or_else(|error| unreachable!("data/lambda.toml is part of this crate: {error}"))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read() {
        assert!(LAMBDA.libraries.contains(&"libc.so.6".to_owned()));
    }
}
