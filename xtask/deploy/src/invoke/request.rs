//! What a function is invoked with, from the command line: a photo, an object in S3 or an event.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, ensure};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Photo(PathBuf),
    Object(S3Object),
    Event(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Object {
    pub bucket: String,
    pub key: String,
}

impl FromStr for Request {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("s3://") {
            return text.parse().map(Self::Object);
        }
        let path = PathBuf::from(text);
        let is_event = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        Ok(if is_event { Self::Event(path) } else { Self::Photo(path) })
    }
}

impl FromStr for S3Object {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let (bucket, key) = rest.with_context(|| format!("`{text}` is not of the form s3://BUCKET/KEY"))?;
        ensure!(
            !bucket.is_empty() && !key.is_empty() && !key.ends_with('/'),
            "`{text}` does not name an object; use s3://BUCKET/KEY"
        );
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_their_form() {
        let parsed = |text: &str| text.parse::<Request>().unwrap();
        assert_eq!(parsed("a/b.jpg"), Request::Photo("a/b.jpg".into()));
        assert_eq!(parsed("a/b.JSON"), Request::Event("a/b.JSON".into()));
        let object = S3Object {
            bucket: "photos".to_owned(),
            key: "in/a?*.json".to_owned(),
        };
        assert_eq!(object.to_string(), "s3://photos/in/a?*.json");
        assert_eq!(parsed("s3://photos/in/a?*.json"), Request::Object(object));
        for bad in ["s3://photos", "s3://photos/", "s3:///a", "s3://photos/in/"] {
            let error = bad.parse::<Request>().unwrap_err().to_string();
            assert!(error.contains("s3://BUCKET/KEY"), "{error}");
        }
    }
}
