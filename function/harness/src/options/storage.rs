//! The location of objects, and the buckets that the operator permits.

use std::fmt;
use std::path::{Path, PathBuf};

use super::function_options::FunctionOptions;
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StorageConfig {
    /// The prefix of the function's variables, for messages.
    pub(crate) environment_prefix: &'static str,
    pub backend: StorageBackend,
    /// The only buckets that may be read and written; `None` for any.
    pub allowed_buckets: Option<Vec<String>>,
    /// The ID of the account that must own the buckets, which S3 checks; `None` for any.
    pub expected_bucket_owner: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum StorageBackend {
    #[default]
    S3,
    /// Each bucket is a folder in it.
    Folder(PathBuf),
}

impl StorageConfig {
    /// All buckets in S3.
    pub(super) fn new(environment_prefix: &'static str) -> Self {
        Self {
            environment_prefix,
            backend: StorageBackend::S3,
            allowed_buckets: None,
            expected_bucket_owner: None,
        }
    }

    /// The variable that sets an option of the storage.
    pub(crate) fn variable(&self, option: &str) -> String {
        format!("{}{}", self.environment_prefix, option.to_ascii_uppercase())
    }

    /// The name under which this function writes objects: from its prefix, such as `face-detect` for `FACE_DETECT_`.
    pub(crate) fn writer(&self) -> String {
        let name = self.environment_prefix.trim_end_matches('_');
        name.to_ascii_lowercase().replace('_', "-")
    }

    /// The URL of an object, for messages and responses.
    pub fn url(&self, bucket: &str, key: &str) -> String {
        match &self.backend {
            StorageBackend::S3 => format!("s3://{bucket}/{key}"),
            folder @ StorageBackend::Folder(_) => format!("{folder}/{bucket}/{key}"),
        }
    }

    pub fn check_bucket_allowed(&self, bucket: &str) -> Result<()> {
        let listed = |buckets: &Vec<String>| buckets.iter().any(|name| name == bucket);
        if self.allowed_buckets.as_ref().is_none_or(listed) {
            return Ok(());
        }
        Err(Error::BucketNotAllowed {
            bucket: bucket.to_owned(),
            variable: self.variable("buckets"),
        })
    }

    pub(super) fn parse_buckets(text: &str) -> Option<Vec<String>> {
        let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        names.iter().all(|name| Self::may_be_bucket(name)).then_some(names)
    }

    /// Whether it is not obviously something else, such as a URL. The ARNs of access points contain a slash.
    pub(super) fn may_be_bucket(name: &str) -> bool {
        !name.is_empty() && (name.starts_with("arn:") || !name.contains('/'))
    }

    pub(super) fn parse_account_id(text: &str) -> Option<String> {
        let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (all_digits && text.len() == 12).then(|| text.to_owned())
    }
}

impl StorageBackend {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "s3" {
            return Some(Self::S3);
        }
        let folder = Path::new(text.strip_prefix("file://")?);
        folder.is_absolute().then(|| Self::Folder(folder.into()))
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self::new(<() as FunctionOptions>::ENVIRONMENT_PREFIX)
    }
}

impl fmt::Display for StorageBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 => f.write_str("s3"),
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_buckets_are_permitted() {
        let mut config = StorageConfig::default();
        config.check_bucket_allowed("any").unwrap();
        config.allowed_buckets = StorageConfig::parse_buckets("photos, faces");
        config.check_bucket_allowed("photos").unwrap();
        config.check_bucket_allowed("faces").unwrap();
        for other in ["", "photo", "photos2", "Photos", "photos,faces"] {
            let error = config.check_bucket_allowed(other).unwrap_err();
            assert_eq!((error.name(), error.status()), ("BucketNotAllowed", 403));
            assert!(!error.is_temporary());
        }
    }

    #[test]
    fn malformed_bucket_lists_and_account_ids_are_refused() {
        for text in ["", "a,,b", "a,", "a/b", "s3://a"] {
            assert_eq!(StorageConfig::parse_buckets(text), None, "{text}");
        }
        let arn = "arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point";
        assert_eq!(StorageConfig::parse_buckets(&format!("{arn},a")).unwrap(), [arn, "a"]);
        assert!(StorageConfig::parse_account_id("111122223333").is_some());
        for text in ["", "11112222333", "1111222233334", "1111-2222-33", "\u{661}11122223333"] {
            assert_eq!(StorageConfig::parse_account_id(text), None, "{text}");
        }
    }
}
