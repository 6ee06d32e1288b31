//! The rules by name, with their requirements and remedies from `data/rules.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

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
    Loader,
    Glibc,
    Size,
    ZipIntact,
    ZipPaths,
    ZipSize,
    ZipUncompressedSize,
    ZipBootstrap,
    ZipReadable,
    ZipMethods,
    ZipProgram,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleDescription {
    pub(crate) requirement: String,
    pub(crate) remedy: String,
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

    pub(crate) fn description(self) -> &'static RuleDescription {
        // A test checks that every rule has one.
        &DESCRIPTIONS[&self]
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
        // `ZipProgram` is the last rule.
        assert_eq!(Rule::all().count(), Rule::ZipProgram as usize + 1);
        assert_eq!(Rule::OneManifest.to_string(), "one-manifest");
        for rule in Rule::all() {
            assert!(!rule.description().requirement.is_empty() && !rule.description().remedy.is_empty());
        }
    }
}
