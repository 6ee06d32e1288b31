//! The advisory database in `xtask/audit/data`: watched components, advisories, and justifications of those that do not
//! affect this project.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use package::function_package::FunctionPackage;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use super::range::Range;
use super::version_scheme::VersionScheme;

const FILES: [(&str, &str); 5] = [
    (
        "xtask/audit/data/libraries.toml",
        include_str!("../data/libraries.toml"),
    ),
    ("xtask/audit/data/opencv.toml", include_str!("../data/opencv.toml")),
    ("xtask/audit/data/glibc.toml", include_str!("../data/glibc.toml")),
    ("xtask/audit/data/crates.toml", include_str!("../data/crates.toml")),
    (
        "xtask/audit/data/justified.toml",
        include_str!("../data/justified.toml"),
    ),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdvisoryDatabase {
    pub watched: Vec<WatchedComponent>,
    #[serde(rename = "advisory")]
    pub advisories: Vec<Advisory>,
    pub justified: Vec<JustifiedAdvisory>,
}

/// A component whose advisories are collected, or with `*` as its name all components of an ecosystem.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchedComponent {
    /// Its package URL without a version.
    pub component: String,
    pub version_scheme: VersionScheme,
    /// The URL where its vulnerabilities are published.
    pub announcements: String,
    /// The date up to which its advisories are recorded in these files.
    pub as_of: Datetime,
    #[serde(default)]
    pub osv: Vec<OsvName>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OsvName {
    /// An ecosystem such as `crates.io`, `Debian:12` or, for a repository, `GIT`.
    pub ecosystem: String,
    /// The name in the ecosystem; by default that of the component.
    pub name: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    pub id: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The component, in the format of [`WatchedComponent::component`].
    pub component: String,
    /// The affected versions.
    pub affected: Vec<Range>,
    pub summary: String,
    pub source: String,
}

/// In the list of products: all images of functions, for justifications that do not depend on what a function does, or
/// only on what it imports.
const ANY_FUNCTION: &str = "any function";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JustifiedAdvisory {
    pub id: String,
    pub component: String,
    /// The names of products, or [`ANY_FUNCTION`].
    pub products: Vec<String>,
    pub justification: Justification,
    pub impact: String,
    /// Functions of a shared library; the justification is invalid if the product imports one of them.
    #[serde(default)]
    pub not_imported: Vec<String>,
    pub decided_by: String,
    pub decided_on: Datetime,
}

/// OpenVEX's reasons for `not_affected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    ComponentNotPresent,
    VulnerableCodeNotPresent,
    VulnerableCodeNotInExecutePath,
    VulnerableCodeCannotBeControlledByAdversary,
    InlineMitigationsAlreadyExist,
}

impl AdvisoryDatabase {
    pub fn embedded() -> Result<Self> {
        Self::parse(&FILES)
    }

    /// The project's files, and that of a function's package if it has one.
    pub fn for_package(package: &FunctionPackage) -> Result<Self> {
        let Some(path) = &package.audit else {
            return Self::embedded();
        };
        let (name, text) = (path.display().to_string(), fs::read_to_string(path)?);
        let own = [(name.as_str(), text.as_str())];
        Self::parse(&[FILES.as_slice(), &own].concat())
    }

    pub fn parse(files: &[(&str, &str)]) -> Result<Self> {
        let mut all = Self::default();
        for (name, text) in files {
            let part: Self = toml::from_str(text).with_context(|| format!("`{name}` is not valid"))?;
            all.watched.extend(part.watched);
            all.advisories.extend(part.advisories);
            all.justified.extend(part.justified);
        }
        all.check()?;
        Ok(all)
    }

    /// The entry for a component, given by its package URL without a version.
    pub fn find_watched(&self, component: &str) -> Option<&WatchedComponent> {
        let named = |name: &str| self.watched.iter().find(|it| it.component == name);
        let all = component.rsplit_once('/');
        named(component).or_else(|| named(&format!("{}/*", all?.0)))
    }

    pub fn advisories_for<'a>(&'a self, component: &'a str) -> impl Iterator<Item = &'a Advisory> {
        let all = self.advisories.iter();
        all.filter(move |advisory| advisory.component == component)
    }

    pub fn is_justified(&self, id: &str, component: &str) -> bool {
        let mut all = self.justified.iter();
        all.any(|justified| justified.id == id && justified.component == component)
    }

    /// The day up to which all components' advisories are in the files.
    pub fn as_of(&self) -> String {
        let days = self.watched.iter().map(|watched| watched.as_of.to_string());
        days.min().unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        let mut components = BTreeSet::new();
        for watched in &self.watched {
            let name = &watched.component;
            ensure!(components.insert(name), "the entry of {name} is repeated");
            let announcements = &watched.announcements;
            ensure!(is_link(announcements), "{name}: `{announcements}` is not a link");
        }
        let mut names = BTreeSet::new();
        for advisory in &self.advisories {
            self.check_advisory(advisory)
                .with_context(|| format!("{} of {}", advisory.id, advisory.component))?;
            for name in advisory.names() {
                ensure!(
                    names.insert((name, &advisory.component)),
                    "{name} of {} is repeated",
                    advisory.component
                );
            }
        }
        for justified in &self.justified {
            let (id, component) = (&justified.id, &justified.component);
            ensure!(
                self.advisories_for(component).any(|advisory| advisory.id == *id),
                "{id} of {component} is justified, but there is no such advisory"
            );
            ensure!(
                !justified.products.is_empty()
                    && !justified.impact.trim().is_empty()
                    && !justified.decided_by.trim().is_empty(),
                "the justification of {id} has no product, no impact or no name"
            );
        }
        Ok(())
    }

    fn check_advisory(&self, advisory: &Advisory) -> Result<()> {
        let Some(watched) = self.find_watched(&advisory.component) else {
            bail!("the component is not watched");
        };
        ensure!(!advisory.affected.is_empty(), "no version is affected");
        for version in advisory.affected.iter().flat_map(Range::bounds) {
            watched.version_scheme.compare(version, version)?;
        }
        let (source, summary) = (&advisory.source, &advisory.summary);
        ensure!(is_link(source), "`{source}` is not a link");
        ensure!(
            !summary.is_empty() && !summary.contains('\n'),
            "its summary must be one line"
        );
        Ok(())
    }
}

impl JustifiedAdvisory {
    /// Whether it can apply to a product, which is a function's if it has imports.
    pub fn is_for(&self, product: &str, imports: Option<&BTreeSet<String>>) -> bool {
        let names = |product: &str| self.products.iter().any(|name| name == product);
        let is_general = || imports.is_some_and(|imports| self.not_imported.iter().all(|name| !imports.contains(name)));
        names(product) || names(ANY_FUNCTION) && is_general()
    }
}

impl Advisory {
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().map(String::as_str);
        std::iter::once(self.id.as_str()).chain(aliases)
    }
}

fn is_link(text: &str) -> bool {
    text.starts_with("https://") && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[watched]]
        component = "pkg:generic/libwebp"
        version_scheme = "dotted"
        announcements = "https://example.org/"
        as_of = 2026-08-21

        [[watched]]
        component = "pkg:cargo/*"
        version_scheme = "semver"
        announcements = "https://example.org/"
        as_of = 2026-08-20

        [[advisory]]
        id = "CVE-1"
        aliases = ["GHSA-1"]
        component = "pkg:generic/libwebp"
        affected = [{ before = "1.3.2" }]
        summary = "An overflow"
        source = "https://example.org/1"
    "#;

    #[test]
    fn embedded_data_is_valid() {
        let data = AdvisoryDatabase::embedded().unwrap();
        assert!(data.advisories.len() > 100, "{}", data.advisories.len());
    }

    #[test]
    fn names_and_wildcards_are_watched() {
        let data = AdvisoryDatabase::parse(&[("a.toml", GOOD)]).unwrap();
        assert!(data.find_watched("pkg:generic/libwebp").is_some());
        assert!(data.find_watched("pkg:generic/libpng").is_none());
        assert_eq!(
            data.find_watched("pkg:cargo/tokio").unwrap().version_scheme,
            VersionScheme::Semver
        );
        assert_eq!(data.as_of(), "2026-08-20");
    }

    #[test]
    fn inconsistent_data_is_rejected() {
        let damages = [
            (
                "pkg:generic/libwebp\"\n        affected",
                "pkg:generic/libpng\"\n        affected",
                "not watched",
            ),
            ("before = \"1.3.2\"", "before = \"next\"", "not a version"),
            ("before = ", "until = ", "not valid"),
            ("{ before = \"1.3.2\" }", "", "no version is affected"),
            (
                "source = \"https://example.org/1\"",
                "source = \"a book\"",
                "is not a link",
            ),
            ("\"GHSA-1\"", "\"CVE-1\"", "is repeated"),
            (
                "pkg:cargo/*",
                "pkg:generic/libwebp",
                "the entry of pkg:generic/libwebp is repeated",
            ),
        ];
        for (from, to, said) in damages {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = format!("{:#}", AdvisoryDatabase::parse(&[("a.toml", &text)]).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
