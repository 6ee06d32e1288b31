//! `[package.metadata.lambda]` of a manifest: what the commands need to know about a function and cargo does not. Every
//! key is optional, and an unknown one is an error. Checks values without reading other files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The name of the SDK's image, which a function cannot have.
pub const SDK_NAME: &str = "opencv-sdk";
/// The file that Lambda starts, in the task root.
pub const PROGRAM_NAME: &str = "bootstrap";

/// In megabytes. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const MEMORY: std::ops::RangeInclusive<u32> = 128..=10240;
/// In seconds. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
const TIMEOUT: std::ops::RangeInclusive<u32> = 1..=900;
/// The bytes of all environment variables together.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_ENVIRONMENT_BYTES: usize = 4096;
/// Variables that only Lambda sets.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const RESERVED_VARIABLES: [&str; 11] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];
const RESERVED_PREFIX: &str = "AWS_LAMBDA_";

/// `xtask/package/README.md` describes every key. Paths are relative to the manifest's folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Metadata {
    /// The name of the image and the archive.
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) recipe: Option<PathBuf>,
    pub(super) binary: Option<String>,
    pub(super) features: Vec<String>,
    /// Files and folders that are copied to the task root, with the same relative paths.
    pub(super) assets: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) memory: Option<u32>,
    pub(super) timeout: Option<u32>,
    pub(super) photo: Option<PhotoMetadata>,
    pub(super) samples: Vec<SampleMetadata>,
    /// Libraries of the SDK that the linker leaves out, for SBOMs.
    pub(super) unlinked_libraries: Vec<String>,
    /// Whether the benches have functions in Python that do the same.
    pub(super) python_reference: bool,
    /// Advisories and justifications, in the format of `xtask/audit/data`.
    pub(super) audit: Option<String>,
    /// Read by `deploy`.
    #[serde(rename = "deploy")]
    _deploy: IgnoredAny,
}

/// How a photo becomes an event. In all strings, `{photo}` is replaced by the name of the photo's file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PhotoMetadata {
    pub(super) event: toml::Table,
    /// The photo's object in S3, `BUCKET/KEY`.
    pub(super) object: Option<String>,
    /// An object that the function writes for the photo, `BUCKET/KEY`.
    pub(super) result: Option<String>,
    /// A JSON file with expected parts of responses, by the names of photos.
    pub(super) expected: Option<String>,
    /// A JSON pointer to the part of the response that is compared.
    #[serde(default)]
    pub(super) expected_at: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct SampleMetadata {
    pub(super) event: Option<String>,
    pub(super) http: Option<String>,
    pub(super) photo: Option<String>,
    /// Files by their objects in S3, `BUCKET/KEY`.
    pub(super) objects: BTreeMap<String, String>,
    pub(super) expected: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    package: Package,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Package {
    metadata: Tables,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tables {
    lambda: Metadata,
}

impl Metadata {
    /// Reads the table in the text of the manifest `file`.
    pub(super) fn parse(file: &Path, text: &str) -> Result<Self> {
        let read = || -> Result<Self> {
            let metadata = toml::from_str::<Manifest>(text)?.package.metadata.lambda;
            metadata.check()?;
            Ok(metadata)
        };
        read().with_context(|| failed(file))
    }

    fn check(&self) -> Result<()> {
        if let Some(name) = &self.name {
            check_name(name).context("`name` cannot be used")?;
        }
        let text = self
            .description
            .iter()
            .any(|text| text.contains('\n') || text.trim().is_empty());
        ensure!(!text, "`description` is empty or has several lines; write one sentence");
        if let Some(memory) = self.memory {
            let (low, high) = (MEMORY.start(), MEMORY.end());
            ensure!(
                MEMORY.contains(&memory),
                "`memory` is {memory} MB; Lambda allows {low} to {high}"
            );
        }
        if let Some(timeout) = self.timeout {
            let (low, high) = (TIMEOUT.start(), TIMEOUT.end());
            ensure!(
                TIMEOUT.contains(&timeout),
                "`timeout` is {timeout} s; Lambda allows {low} to {high}"
            );
        }
        for asset in &self.assets {
            check_asset(asset).with_context(|| format!("`{asset}` in `assets` cannot be used"))?;
        }
        check_environment(&self.environment)?;
        if let Some(photo) = &self.photo {
            for (key, object) in [("object", &photo.object), ("result", &photo.result)] {
                let split = object.as_deref().map(split_object).transpose();
                split.with_context(|| format!("`photo.{key}` cannot be used"))?;
            }
            let pointer = &photo.expected_at;
            let is_pointer = pointer.is_empty() || pointer.starts_with('/');
            ensure!(
                is_pointer,
                "`photo.expected-at` is `{pointer}`; a JSON pointer starts with `/`, such as `/body`"
            );
        }
        for (number, sample) in self.samples.iter().enumerate() {
            sample
                .check(self.photo.is_some())
                .with_context(|| format!("sample {} cannot be used", number + 1))?;
        }
        Ok(())
    }
}

impl SampleMetadata {
    fn check(&self, has_photo_event: bool) -> Result<()> {
        let kinds = [&self.event, &self.http, &self.photo];
        let kinds = kinds.into_iter().flatten().count();
        ensure!(
            kinds == 1,
            "it has {kinds} of `event`, `http` and `photo`, and must have one of them"
        );
        let without_event = self.photo.is_some() && !has_photo_event;
        ensure!(
            !without_event,
            "`photo` needs the key `photo.event`, which says how a photo becomes an event"
        );
        for object in self.objects.keys() {
            split_object(object)?;
        }
        Ok(())
    }
}

pub(super) fn failed(file: &Path) -> String {
    format!("failed to use `[package.metadata.lambda]` in `{}`", file.display())
}

/// Fails unless an image and a file can have the name. The characters are those of
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>, without slashes.
pub(super) fn check_name(name: &str) -> Result<()> {
    // The image of the SDK is in the same folder.
    ensure!(
        name != SDK_NAME,
        "`{name}` is the name of the SDK's image; choose another"
    );
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let inner = name.trim_matches(['.', '_', '-']) == name && !name.contains("..") && !name.contains("___");
    ensure!(
        !name.is_empty() && name.len() <= 128 && inner && name.chars().all(allowed),
        "`{name}` is not the name of an image; use lower-case letters, digits, and single `.`, `_` or `-` between them"
    );
    Ok(())
}

/// Fails unless a file can have this path below the manifest's folder and, written in the same way, in the task root.
fn check_asset(path: &str) -> Result<()> {
    // `Path` ignores `.` and empty parts, which archives contain as they are.
    let mut parts = path.trim_end_matches('/').split('/');
    ensure!(
        parts.clone().all(|part| !["", ".", ".."].contains(&part)),
        "it must be a path below the manifest's folder, such as `models/faces.onnx`, without `.`, `..` and `//`"
    );
    ensure!(
        parts.next() != Some(PROGRAM_NAME),
        "the function's program has the name `{PROGRAM_NAME}` in the task root; rename it"
    );
    Ok(())
}

/// Bucket and key of `BUCKET/KEY`.
pub(super) fn split_object(object: &str) -> Result<(&str, &str)> {
    match object.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok((bucket, key)),
        _ => bail!("`{object}` is not an object in S3; write `BUCKET/KEY`"),
    }
}

fn check_environment(environment: &BTreeMap<String, String>) -> Result<()> {
    let mut bytes = 0;
    for (name, value) in environment {
        let mut characters = name.chars();
        let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
        let reserved = name.starts_with(RESERVED_PREFIX) || RESERVED_VARIABLES.contains(&name.as_str());
        ensure!(!reserved, "`{name}` in `environment` is set by Lambda; leave it out");
        ensure!(
            starts && name.len() > 1 && characters.all(|c| c.is_ascii_alphanumeric() || c == '_'),
            "`{name}` in `environment` is not the name of a variable; use at least two letters, digits or underscores, \
             a letter first"
        );
        ensure!(
            !value.contains('\0'),
            "the value of `{name}` in `environment` contains a zero byte"
        );
        bytes += name.len() + value.len();
    }
    ensure!(
        bytes <= MAX_ENVIRONMENT_BYTES,
        "`environment` has {bytes} bytes, and Lambda allows {MAX_ENVIRONMENT_BYTES}; put values into a file of `assets`"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
