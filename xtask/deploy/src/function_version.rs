//! The version of a function that its alias names, and what its configuration says.

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde_json::Value;

use crate::aws::{Aws, AwsCommand};
use crate::plan::{DEFAULT_ALIAS, default_log_group};
use crate::settings::Settings;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionVersion {
    pub name: String,
    /// `None` for the version `$LATEST`.
    pub alias: Option<String>,
    /// The number of the version.
    pub version: String,
    pub architecture: Architecture,
    /// In megabytes.
    pub memory: u32,
    pub log_group: String,
}

/// In megabytes: that of functions whose configuration does not say it.
const LEAST_MEMORY: u32 = 128;

impl FunctionVersion {
    /// The version to which `alias` refers, or else that of [`Self::find_any`].
    ///
    /// # Errors
    /// There is no such function or alias.
    pub fn find(aws: &mut Aws, name: &str, alias: Option<&str>, settings: &Settings) -> Result<Self> {
        if let Some(alias) = alias {
            let found = Self::find_version(aws, name, Some(alias))?;
            return found.with_context(|| {
                format!("there is no function `{name}` with the alias `{alias}`; `aws lambda list-aliases` lists them")
            });
        }
        Self::find_any(aws, name, settings)?.with_context(|| {
            format!(
                "there is no function `{name}` in this account and Region; deploy it with `cargo xtask deploy`, or name \
                 another one with `--name`"
            )
        })
    }

    /// That of the settings' alias, or of `deploy`'s default alias, or else `$LATEST`, if there is one.
    pub fn find_any(aws: &mut Aws, name: &str, settings: &Settings) -> Result<Option<Self>> {
        for alias in [settings.alias.as_deref().or(Some(DEFAULT_ALIAS)), None] {
            if let Some(found) = Self::find_version(aws, name, alias)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_version(aws: &mut Aws, name: &str, alias: Option<&str>) -> Result<Option<Self>> {
        let mut command = AwsCommand::new("lambda", "get-function-configuration").option("function-name", name);
        if let Some(alias) = alias {
            command = command.option("qualifier", alias);
        }
        let found = aws.find(&command)?;
        found
            .map(|configuration| Self::new(name, alias, &configuration))
            .transpose()
    }

    fn new(name: &str, alias: Option<&str>, configuration: &Value) -> Result<Self> {
        let architecture = configuration["Architectures"][0].as_str();
        let log_group = configuration["LoggingConfig"]["LogGroup"].as_str();
        let memory = configuration["MemorySize"].as_u64();
        Ok(Self {
            name: name.to_owned(),
            alias: alias.map(str::to_owned),
            version: configuration["Version"].as_str().unwrap_or("$LATEST").to_owned(),
            memory: memory
                .and_then(|memory| u32::try_from(memory).ok())
                .unwrap_or(LEAST_MEMORY),
            // Old functions do not have it.
            architecture: architecture.map_or(Ok(Architecture::X86_64), str::parse)?,
            log_group: log_group.map_or_else(|| default_log_group(name), str::to_owned),
        })
    }

    /// Such as `thumbs:live`.
    pub fn display_name(&self) -> String {
        match &self.alias {
            Some(alias) => format!("{}:{alias}", self.name),
            None => self.name.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn function() -> FunctionVersion {
        FunctionVersion::new("thumbs", Some("live"), &json!({})).unwrap()
    }

    #[test]
    fn configurations_can_lack_what_has_a_default() {
        let found = function();
        assert_eq!(
            (found.architecture, found.log_group.as_str()),
            (Architecture::X86_64, "/aws/lambda/thumbs")
        );
        assert_eq!(found.display_name(), "thumbs:live");
        let configuration = json!({"Architectures": ["arm64"], "LoggingConfig": {"LogGroup": "/own"}});
        let found = FunctionVersion::new("thumbs", None, &configuration).unwrap();
        assert_eq!(
            (found.architecture, found.log_group.as_str()),
            (Architecture::Aarch64, "/own")
        );
        assert_eq!(found.display_name(), "thumbs");
    }
}
