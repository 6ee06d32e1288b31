//! Parses and compares versions of glibc, such as 2.26.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A glibc release, such as 2.26.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GlibcVersion {
    /// 2 for every release since 1997.
    pub major: u32,
    pub minor: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a glibc version; write it as \"2.26\"")]
pub struct InvalidGlibcVersion(String);

impl GlibcVersion {
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl FromStr for GlibcVersion {
    type Err = InvalidGlibcVersion;

    fn from_str(text: &str) -> Result<Self, InvalidGlibcVersion> {
        let numbers = text.split_once('.');
        let version = numbers.and_then(|(major, minor)| Some(Self::new(major.parse().ok()?, minor.parse().ok()?)));
        version.ok_or_else(|| InvalidGlibcVersion(text.to_owned()))
    }
}

impl TryFrom<String> for GlibcVersion {
    type Error = InvalidGlibcVersion;

    fn try_from(text: String) -> Result<Self, InvalidGlibcVersion> {
        text.parse()
    }
}

impl From<GlibcVersion> for String {
    fn from(version: GlibcVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_numerically_and_reject_invalid_text() {
        let version = |text: &str| text.parse::<GlibcVersion>();
        assert!(version("2.26").unwrap() < version("2.100").unwrap());
        for text in ["", "2", "new", "2.x", "2.26.1"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
