//! What a user says about a deployment: `[package.metadata.lambda.deploy]` of the function's manifest, `deploy.toml`
//! beside it, and options of the command line. The last one wins; maps are merged.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

pub const FILE: &str = "deploy.toml";

/// `xtask/deploy/README.md` describes every key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    pub name: Option<String>,
    pub package: Option<PackageType>,
    /// In megabytes.
    pub memory: Option<u32>,
    /// In seconds.
    pub timeout: Option<u32>,
    pub environment: BTreeMap<String, String>,
    /// Where new objects trigger the function.
    pub on: Option<Vec<S3Prefix>>,
    /// Whether a queue is between S3 and the function.
    pub queue: Option<bool>,
    pub url: Option<UrlAccess>,
    pub alias: Option<String>,
    pub snapstart: Option<bool>,
    /// In days.
    pub log_retention: Option<u32>,
    pub reserved_concurrency: Option<u32>,
    pub on_failure: Option<OnFailure>,
    pub tags: BTreeMap<String, String>,
    /// The objects that the function uses, if it cannot say so itself.
    pub access: Option<AccessSettings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageType {
    Zip,
    Image,
}

/// Who may use the function's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlAccess {
    /// Who signs requests with the credentials of a principal that may.
    Iam,
    /// Anyone, at the account's expense.
    Public,
}

/// Where events of failed invocations go after Lambda's retries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OnFailure {
    Nowhere,
    /// A queue that is made for it.
    Queue,
    /// The ARN of a queue, topic, bus, bucket or function.
    Destination(String),
}

/// Patterns of objects: `BUCKET/KEY`, in which `*` is any text, and `{bucket}` and `{prefix}` are replaced by those of
/// each trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSettings {
    pub read: Vec<String>,
    pub write: Vec<String>,
    pub delete: Vec<String>,
}

/// A bucket, and the beginning of keys in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct S3Prefix {
    pub bucket: String,
    pub prefix: String,
}

impl Settings {
    /// Those of the manifest at `manifest` and of the file beside it.
    pub fn read(manifest: &Path) -> Result<Self> {
        let text = fs::read_to_string(manifest)?;
        let declared = from_manifest(&text).with_context(|| format!("failed to read `{}`", manifest.display()))?;
        let file = manifest.with_file_name(FILE);
        if !file.exists() {
            return Ok(declared);
        }
        let text = fs::read_to_string(&file)?;
        let own: Self = toml::from_str(&text).with_context(|| format!("failed to read `{}`", file.display()))?;
        Ok(own.or(declared))
    }

    /// These, and `others` where these say nothing.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        let merge = |mut lower: BTreeMap<_, _>, upper| {
            lower.extend(upper);
            lower
        };
        Self {
            name: self.name.or(others.name),
            package: self.package.or(others.package),
            memory: self.memory.or(others.memory),
            timeout: self.timeout.or(others.timeout),
            environment: merge(others.environment, self.environment),
            on: self.on.or(others.on),
            queue: self.queue.or(others.queue),
            url: self.url.or(others.url),
            alias: self.alias.or(others.alias),
            snapstart: self.snapstart.or(others.snapstart),
            log_retention: self.log_retention.or(others.log_retention),
            reserved_concurrency: self.reserved_concurrency.or(others.reserved_concurrency),
            on_failure: self.on_failure.or(others.on_failure),
            tags: merge(others.tags, self.tags),
            access: self.access.or(others.access),
        }
    }
}

fn from_manifest(text: &str) -> Result<Settings> {
    let manifest: toml::Table = toml::from_str(text)?;
    let path = ["package", "metadata", "lambda"];
    let lambda = path
        .iter()
        .try_fold(&manifest, |table, key| table.get(*key)?.as_table());
    match lambda.and_then(|lambda| lambda.get("deploy")) {
        None => Ok(Settings::default()),
        Some(value) => {
            let settings = value.clone().try_into();
            settings.context("`[package.metadata.lambda.deploy]` is invalid")
        }
    }
}

impl FromStr for S3Prefix {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("s3://");
        let rest = rest.with_context(|| format!("`{text}` is not of the form s3://BUCKET/PREFIX"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        ensure!(
            bucket.len() >= 3 && bucket.chars().all(is_name),
            "`{text}` does not begin with s3:// and the name of a bucket"
        );
        ensure!(
            !prefix.contains(['*', '?']),
            "`{text}` has a wildcard; a prefix is the beginning of keys, without `*`"
        );
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl TryFrom<String> for S3Prefix {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<S3Prefix> for String {
    fn from(prefix: S3Prefix) -> Self {
        prefix.to_string()
    }
}

impl fmt::Display for S3Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl FromStr for OnFailure {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::Nowhere),
            "queue" => Ok(Self::Queue),
            arn if arn.starts_with("arn:") && arn.split(':').count() >= 6 => Ok(Self::Destination(arn.to_owned())),
            other => bail!("`{other}` is not `none`, `queue` or an ARN"),
        }
    }
}

impl TryFrom<String> for OnFailure {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_source_wins_and_maps_are_merged() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        let text = "[package]\nname = 'a'\n[package.metadata.lambda.deploy]\nmemory = 512\nalias = 'test'\n\
                    environment = { A = '1', B = '1' }\n";
        fs::write(&manifest, text).unwrap();
        fs::write(folder.path().join(FILE), "memory = 1024\n[environment]\nB = '2'\n").unwrap();
        let options = Settings {
            alias: Some("live".to_owned()),
            ..Settings::default()
        };
        let settings = options.or(Settings::read(&manifest).unwrap());
        assert_eq!((settings.memory, settings.alias.as_deref()), (Some(1024), Some("live")));
        let environment: Vec<_> = settings
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(environment, ["A=1", "B=2"]);
    }

    #[test]
    fn errors_name_the_file_and_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        fs::write(&manifest, "[package.metadata.lambda.deploy]\nmemori = 1\n").unwrap();
        let error = format!("{:#}", Settings::read(&manifest).unwrap_err());
        assert!(error.contains("Cargo.toml") && error.contains("memori"), "{error}");
        fs::write(&manifest, "").unwrap();
        fs::write(folder.path().join(FILE), "on = ['photos']\n").unwrap();
        let error = format!("{:#}", Settings::read(&manifest).unwrap_err());
        assert!(error.contains(FILE) && error.contains("s3://BUCKET/PREFIX"), "{error}");
    }

    #[test]
    fn prefixes_are_those_of_keys() {
        let parsed: S3Prefix = "s3://photos/in/a".parse().unwrap();
        assert_eq!((parsed.bucket.as_str(), parsed.prefix.as_str()), ("photos", "in/a"));
        assert_eq!(parsed.to_string(), "s3://photos/in/a");
        for bad in [
            "photos/in",
            "s3://",
            "s3://photos/*.jpg",
            "s3://Photos/",
            "https://photos/",
        ] {
            assert!(bad.parse::<S3Prefix>().is_err(), "{bad}");
        }
        assert_eq!("queue".parse::<OnFailure>().unwrap(), OnFailure::Queue);
        assert!("arn:x".parse::<OnFailure>().is_err());
    }
}
