//! One thing that an artefact is made of: a crate, a library, a package of the build machine; and
//! how such things hang together. Values only: nothing here reads a file.

use anyhow::{Context, Result};
use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};

use super::licence::LicenceText;

/// One thing that an artefact is made of. What is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What the bill of materials calls it, of letters, digits, dots and dashes.
    pub id: String,
    pub name: String,
    pub version: Option<String>,
    pub kind: ComponentKind,
    /// Who it was got from, as SPDX writes it: `Organization: …`.
    pub supplier: Option<String>,
    /// Where exactly this can be got.
    pub download_url: Option<String>,
    pub homepage: Option<String>,
    /// Its licence, an SPDX expression.
    pub licence: Option<String>,
    /// Digest of what was got, in hexadecimal.
    pub sha256: Option<String>,
    /// Its name in package URLs: <https://github.com/package-url/purl-spec>.
    pub purl: Option<String>,
    /// Its name in the National Vulnerability Database.
    pub cpe: Option<String>,
    /// Name and version of the source package that a distribution's package was built from.
    pub source_package: Option<(String, String)>,
    /// How it came to be here, as a sentence.
    pub source_info: Option<String>,
    /// Its licence in words, and notices that go with it.
    pub licence_texts: Vec<LicenceText>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComponentKind {
    Program,
    /// A Rust crate, or Rust's own library.
    Crate,
    #[default]
    Library,
    /// Files that a program reads.
    Data,
    /// A package of the build machine's distribution.
    Package,
    Image,
}

/// How one element of a bill of materials is related to another, with SPDX's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RelationshipType {
    Describes,
    Contains,
    StaticLink,
    DynamicLink,
    DependsOn,
    GeneratedFrom,
    /// The file was taken out of it as it was.
    ExpandedFromArchive,
    DescendantOf,
}

/// A relation between two elements: from, how, to.
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

/// `text` with a dash for each character that SPDX's identifiers cannot have. What would be the same
/// as another then is kept apart by [`super::document`].
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
    build().with_context(|| format!("failed to make a package URL of `{name}` `{version}`"))
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
