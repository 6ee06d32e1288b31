//! The rules by name, with their descriptions from `data/rules.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "data/rules.toml describes the rules")]
pub enum Rule {
    Intact,
    OneManifest,
    MediaTypes,
    GzipLayers,
    History,
    ParentDirectories,
    UniquePaths,
    HardLinks,
    NoDevices,
    Readable,
    OperatingSystem,
    Architecture,
    Entrypoint,
    WorkingDirectory,
    IgnoredSettings,
    SettingsSize,
    LayerCount,
    Whiteouts,
    Attributes,
    Loader,
    Glibc,
    Extensions,
    Size,
    ZipIntact,
    ZipPaths,
    ZipSize,
    ZipUncompressedSize,
    ZipRuntime,
    ZipBootstrap,
    ZipReadable,
    ZipMethods,
    ZipProgram,
    ZipNativeFiles,
    ZipLayerPaths,
}

/// What there is to know about a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDescription {
    /// The rule in one sentence.
    pub requirement: String,
    /// What happens otherwise, and the reason.
    pub why: String,
    /// The document, or how the rule was found.
    pub source: String,
    /// An artefact that breaks the rule.
    pub example: String,
    /// How to fix a violation.
    pub remedy: String,
}

static DESCRIPTIONS: LazyLock<BTreeMap<Rule, RuleDescription>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/rules.toml"))
        .unwrap_or_else(|error| unreachable!("data/rules.toml is invalid: {error}"))
});

impl Rule {
    /// All rules in the order of their declaration.
    pub fn all() -> impl Iterator<Item = Self> {
        DESCRIPTIONS.keys().copied()
    }

    /// The rule's requirement, reason, source, example and remedy.
    pub fn description(self) -> &'static RuleDescription {
        // A test checks that every rule has one.
        &DESCRIPTIONS[&self]
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::all().find(|rule| rule.to_string() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(|rule| rule.to_string()).collect();
            Error::Other(format!("there is no rule `{name}`; the rules are {}", names.join(", ")))
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_description_and_a_name() {
        // `ZipLayerPaths` is the last rule.
        assert_eq!(Rule::all().count(), Rule::ZipLayerPaths as usize + 1);
        assert_eq!(Rule::OneManifest.to_string(), "one-manifest");
        for rule in Rule::all() {
            let about = rule.description();
            for text in [
                &about.requirement,
                &about.why,
                &about.source,
                &about.example,
                &about.remedy,
            ] {
                assert!(!text.is_empty() && !text.contains('\n'), "{rule}: {text}");
            }
            assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
        }
        let error = "unknown".parse::<Rule>().unwrap_err().to_string();
        assert!(error.contains("the rules are intact, one-manifest"), "{error}");
    }
}
