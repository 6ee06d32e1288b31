//! Components of an artefact (crates, libraries, packages of the build machine) and their relationships. Nothing here
//! reads files.

use anyhow::{Context, Result};
use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};

use super::license::LicenseText;

/// A component of an artefact. Unknown fields are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Unique in the SBOM; consists of letters, digits, dots and dashes.
    pub id: String,
    pub name: String,
    pub version: Option<String>,
    pub kind: ComponentKind,
    /// The supplier in SPDX's format: `Organization: …`.
    pub supplier: Option<String>,
    /// The URL of exactly this version.
    pub download_url: Option<String>,
    pub homepage: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// Digest of the downloaded file, in hexadecimal.
    pub sha256: Option<String>,
    /// Package URL: <https://github.com/package-url/purl-spec>.
    pub purl: Option<String>,
    /// Name in the National Vulnerability Database, in CPE 2.3.
    pub cpe: Option<String>,
    /// Name and version of the source package from which a distribution's package was built.
    pub source_package: Option<(String, String)>,
    /// Its origin, as a sentence.
    pub source_info: Option<String>,
    /// Licence texts and notices.
    pub license_texts: Vec<LicenseText>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComponentKind {
    Program,
    /// A Rust crate, or Rust's standard library.
    Crate,
    #[default]
    Library,
    Data,
    /// A package of the build machine's distribution.
    Package,
    Image,
}

/// The type of a relationship between two elements of an SBOM, with SPDX's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RelationshipType {
    Describes,
    Contains,
    StaticLink,
    DynamicLink,
    DependsOn,
    GeneratedFrom,
    /// The file is an unchanged copy from the package.
    ExpandedFromArchive,
    DescendantOf,
}

/// Ids of two elements, and how the first is related to the second.
pub type Relationship = (String, RelationshipType, String);

impl Component {
    pub fn new(kind: ComponentKind, id: &str, name: &str) -> Self {
        Self {
            id: identifier(id),
            name: name.to_owned(),
            kind,
            ..Self::default()
        }
    }

    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Replaces characters that are invalid in SPDX identifiers by dashes. [`super::document`] makes the identifiers of
/// files unique.
pub fn identifier(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-")
}

/// A package URL, such as `pkg:deb/debian/libc6@2.36?arch=amd64`.
pub fn purl(
    kind: &str,
    namespace: Option<&str>,
    (name, version): (&str, &str),
    qualifiers: &[(&str, &str)],
) -> Result<String> {
    let build = || -> packageurl::Result<String> {
        let mut purl = PackageUrl::new(kind, name)?;
        if let Some(namespace) = namespace {
            purl.with_namespace(namespace)?;
        }
        purl.with_version(version)?;
        for (key, value) in qualifiers {
            purl.add_qualifier(*key, *value)?;
        }
        Ok(purl.to_string())
    };
    build().with_context(|| format!("failed to create a package URL for `{name}` `{version}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_escaped_with_sorted_qualifiers() {
        let version = "2.36-9+deb12u14";
        let qualifiers = [("distro", "debian-12"), ("arch", "amd64")];
        assert_eq!(
            purl("deb", Some("debian"), ("libc6", version), &qualifiers).unwrap(),
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12"
        );
        assert_eq!(
            purl("cargo", None, ("serde", "1.0.229"), &[]).unwrap(),
            "pkg:cargo/serde@1.0.229"
        );
    }

    #[test]
    fn identifiers_have_only_spdx_characters() {
        assert_eq!(identifier("crate-a_b-1.0+c"), "crate-a-b-1.0-c");
        assert_eq!(identifier("libc++"), "libc--");
    }
}
