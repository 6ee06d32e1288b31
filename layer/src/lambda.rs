//! Lambda's libraries and quotas, from `data/lambda.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lambda {
    pub(crate) glibc_libraries: Vec<String>,
    pub(crate) image_layers: usize,
    pub(crate) image_settings_bytes: usize,
    pub(crate) image_uncompressed_bytes: u64,
    pub(crate) zip_upload_bytes: u64,
    pub(crate) zip_uncompressed_bytes: u64,
    pub(crate) system_folders: Vec<String>,
}

pub(crate) static LAMBDA: LazyLock<Lambda> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/lambda.toml"))
        .unwrap_or_else(|error| unreachable!("data/lambda.toml is invalid: {error}"))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_data_is_valid() {
        assert!(LAMBDA.glibc_libraries.contains(&"libc.so.6".to_owned()));
    }
}
