//! Whose code an SDK holds besides OpenCV's own, with versions and licence texts. Reads
//! `data/third-party.toml` and what it points to in OpenCV's tree and in zig's; refuses a library
//! of which it knows nothing, and a version that it cannot find.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::source_tree::SourceTree;
use crate::trim::Trim;
use support::files::write_if_changed;

const TEXT: &str = include_str!("../data/third-party.toml");

pub const LICENSES_DIR: &str = "share/licenses";

/// One piece of somebody else's code, as `sdk.json` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct ThirdParty {
    pub name: String,
    pub version: String,
    pub location: ThirdPartyLocation,
    /// Its licence, an SPDX expression.
    pub license: String,
    /// The licence's texts, as paths in the SDK. Several parts can share one.
    pub license_files: Vec<String>,
    pub homepage: String,
    /// What its source was taken from, if not from OpenCV's or the compiler's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Vendor and product as the National Vulnerability Database lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<[String; 2]>,
}

/// Where a piece of somebody else's code is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThirdPartyLocation {
    /// A static library of its own, by the name that it is linked by.
    Library(String),
    /// Compiled into this module of OpenCV.
    Module(String),
    /// Files of this folder of the SDK.
    Folder(String),
    /// Not in the SDK: what the compiler links into every program, and what it calls that.
    Runtime(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThirdPartyEntry {
    pub name: String,
    pub location: ThirdPartyLocation,
    pub license: String,
    folder: String,
    version: Version,
    license_texts: Vec<LicenseText>,
    homepage: String,
    cpe: Option<[String; 2]>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Version {
    /// It is that of OpenCV, or of a wheel of the toolchain.
    SameAs(String),
    InFile {
        file: String,
        /// What each number follows.
        prefixes: Vec<String>,
        /// It is one number of two digits for each part.
        #[serde(default)]
        two_digits: bool,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LicenseText {
    File(String),
    /// The file's first comment.
    FirstComment(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThirdPartyToml {
    component: Vec<ThirdPartyEntry>,
}

pub(crate) struct Sources<'a> {
    pub(crate) tree: &'a SourceTree,
    /// What of it was taken from the newer tree.
    pub(crate) trim: &'a Trim,
    pub(crate) zig_dir: &'a Path,
    pub(crate) opencv_version: &'a str,
    pub(crate) tool_versions: &'a BTreeMap<String, String>,
}

/// All entries that this crate carries.
pub fn entries() -> Vec<ThirdPartyEntry> {
    let toml: ThirdPartyToml =
        toml::from_str(TEXT).expect("data/third-party.toml is checked by a test");
    toml.component
}

/// What is in an SDK of these `modules` and `libraries`, and what its programs are linked with
/// besides. Writes the licences' texts into the SDK in `folder`.
pub(crate) fn collect_components(
    sources: &Sources<'_>,
    modules: &[String],
    libraries: &[String],
    folder: &Path,
) -> Result<Vec<ThirdParty>> {
    let entries = entries();
    for library in libraries {
        let known = |entry: &ThirdPartyEntry| matches!(&entry.location, ThirdPartyLocation::Library(name) if name == library);
        ensure!(
            library.starts_with("opencv_") || entries.iter().any(known),
            "nothing is known of the library `{library}`; add its version's place and its licence \
             to opencv-build/data/third-party.toml"
        );
    }
    let present = |entry: &&ThirdPartyEntry| match &entry.location {
        ThirdPartyLocation::Library(name) => libraries.contains(name),
        ThirdPartyLocation::Module(name) => modules.contains(name),
        ThirdPartyLocation::Folder(_) | ThirdPartyLocation::Runtime(_) => true,
    };
    let mut written = Vec::new();
    entries
        .iter()
        .filter(present)
        .map(|entry| entry.resolve(sources, folder, &mut written))
        .collect()
}

impl ThirdPartyEntry {
    fn resolve(
        &self,
        sources: &Sources<'_>,
        folder: &Path,
        written: &mut Vec<(String, String)>,
    ) -> Result<ThirdParty> {
        let root = match self.location {
            ThirdPartyLocation::Runtime(_) => sources.zig_dir,
            _ => sources.tree.path.as_path(),
        };
        let root = root.join(&self.folder);
        let newer = sources.trim.is_third_party(&format!("{}/", self.folder));
        Ok(ThirdParty {
            name: self.name.clone(),
            version: self.find_version(sources, &root)?,
            location: self.location.clone(),
            license: self.license.clone(),
            license_files: self.write_texts(&root, folder, written)?,
            homepage: self.homepage.clone(),
            source: sources.tree.third_party.clone().filter(|_| newer),
            cpe: self.cpe.clone(),
        })
    }

    fn find_version(&self, sources: &Sources<'_>, root: &Path) -> Result<String> {
        let failed = format!("failed to find the version of {}", self.name);
        match &self.version {
            Version::SameAs(whose) if whose == "opencv" => Ok(sources.opencv_version.to_owned()),
            Version::SameAs(whose) => {
                let version = sources.tool_versions.get(whose).cloned();
                version.with_context(|| format!("{failed}: `{whose}` is no wheel"))
            }
            Version::InFile {
                file,
                prefixes,
                two_digits,
            } => {
                let path = root.join(file);
                let version = find_version_in(&self.read(&path)?, prefixes, *two_digits);
                version.with_context(|| {
                    format!(
                        "{failed} in `{}`, where it should follow `{}`; \
                         mend opencv-build/data/third-party.toml",
                        path.display(),
                        prefixes.join("`, `")
                    )
                })
            }
        }
    }

    /// Writes the licence's texts below `folder`, but for those that are there already.
    fn write_texts(
        &self,
        root: &Path,
        folder: &Path,
        written: &mut Vec<(String, String)>,
    ) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for text in &self.license_texts {
            let (LicenseText::File(file) | LicenseText::FirstComment(file)) = text;
            let from = root.join(file);
            let mut content = self.read(&from)?;
            let mut file = file.rsplit('/').next().unwrap_or(file);
            if let LicenseText::FirstComment(_) = text {
                file = "LICENSE";
                let (name, from) = (&self.name, from.display());
                content = first_comment(&content).with_context(|| {
                    format!("failed to find the licence of {name}: `{from}` has no comment")
                })?;
            }
            if let Some((path, _)) = written.iter().find(|(_, present)| *present == content) {
                files.push(path.clone());
                continue;
            }
            let path = format!("{LICENSES_DIR}/{}-{file}", self.name);
            write_if_changed(&folder.join(&path), content.as_bytes())?;
            written.push((path.clone(), content));
            files.push(path);
        }
        Ok(files)
    }

    fn read(&self, path: &Path) -> Result<String> {
        let bytes = fs::read(path)
            .with_context(|| format!("failed to read `{}` for {}", path.display(), self.name))?;
        // Some authors' names are in Latin-1; versions and licences are in ASCII.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The version whose parts stand in `text`, each behind one of `prefixes`.
fn find_version_in(text: &str, prefixes: &[String], two_digits: bool) -> Option<String> {
    let mut parts = Vec::new();
    for marker in prefixes {
        let (_, rest) = text.split_once(marker.as_str())?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        let part = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        if part.is_empty() {
            return None;
        }
        parts.push(part.to_owned());
    }
    if two_digits {
        let number: u64 = parts.concat().parse().ok()?;
        parts = [number / 10_000, number / 100 % 100, number % 100]
            .map(|part| part.to_string())
            .to_vec();
    }
    (!parts.is_empty()).then(|| parts.join("."))
}

/// The text of the first comment, of C or of XML, without what marks its lines.
fn first_comment(text: &str) -> Option<String> {
    let between = |open: &str, close: &str| {
        let (before, rest) = text.split_once(open)?;
        Some((before.len(), rest.split_once(close)?.0))
    };
    let c = between("/*", "*/");
    let xml = between("<!--", "-->");
    let lines: Vec<_> = match (c, xml) {
        (Some((at, comment)), other) if other.is_none_or(|(first, _)| at < first) => {
            comment.lines().map(strip_comment_prefix).collect()
        }
        (_, other) => other?.1.lines().collect(),
    };
    let text = lines.join("\n");
    let text = text.trim_matches('*').trim_matches('\n').trim_end();
    (!text.is_empty()).then(|| format!("{text}\n"))
}

/// A line of a comment of C without the star at its start.
fn strip_comment_prefix(line: &str) -> &str {
    match line.trim_start().strip_prefix('*') {
        Some(rest) => rest.strip_prefix(' ').unwrap_or(rest),
        None => line,
    }
    .trim_end()
}

#[cfg(test)]
mod tests;
