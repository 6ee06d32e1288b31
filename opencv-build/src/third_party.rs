//! Third-party code and data in an SDK, with versions and licence texts: from `data/third-party.toml` and the files
//! that it refers to in OpenCV's tree and in wheels. A library without an entry or a version that is not found is an
//! error.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::face_model::FaceModel;
use crate::source_tree::SourceTree;
use crate::trim::Trim;
use support::files::write_if_changed;

const TEXT: &str = include_str!("../data/third-party.toml");

pub const LICENSES_DIR: &str = "share/licenses";

/// A third-party component, as in `sdk.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct ThirdParty {
    pub name: String,
    pub version: String,
    pub location: ThirdPartyLocation,
    /// An SPDX expression.
    pub license: String,
    /// Paths in the SDK. Several components can share a file.
    pub license_files: Vec<String>,
    pub homepage: String,
    /// Description of its source, unless that is OpenCV's or the compiler's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Vendor and product in the National Vulnerability Database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<[String; 2]>,
}

/// The place of a third-party component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThirdPartyLocation {
    /// A static library of its own, by its link name.
    Library(String),
    /// Compiled into this module of OpenCV.
    Module(String),
    /// Files in this folder of the SDK.
    Folder(String),
    /// Not in the SDK: a library of the compiler that it links into every program, by its file name.
    Runtime(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThirdPartyEntry {
    pub name: String,
    pub location: ThirdPartyLocation,
    pub license: String,
    #[serde(default)]
    base: Base,
    folder: String,
    version: Version,
    license_texts: Vec<LicenseText>,
    homepage: String,
    cpe: Option<[String; 2]>,
}

/// The files that an entry refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Base {
    /// OpenCV's tree.
    #[default]
    Opencv,
    Zig,
    /// The wheel with the face detection network.
    FaceModel,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Version {
    /// The version of `opencv` or of a wheel.
    SameAs(String),
    InFile {
        file: String,
        /// The text before each number.
        prefixes: Vec<String>,
        /// Whether the version is one number with two digits per part.
        #[serde(default)]
        two_digits: bool,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LicenseText {
    File(String),
    /// Only the first comment of the file.
    FirstComment(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThirdPartyToml {
    component: Vec<ThirdPartyEntry>,
}

pub(crate) struct Sources<'a> {
    pub(crate) tree: &'a SourceTree,
    /// Defines which folders are from the newer tree.
    pub(crate) trim: &'a Trim,
    pub(crate) zig_dir: &'a Path,
    pub(crate) face_model: Option<&'a FaceModel<'a>>,
    pub(crate) opencv_version: &'a str,
    pub(crate) wheel_versions: &'a BTreeMap<String, String>,
}

/// All entries of `data/third-party.toml`.
pub fn entries() -> Vec<ThirdPartyEntry> {
    let toml: ThirdPartyToml = toml::from_str(TEXT).expect("data/third-party.toml is checked by a test");
    toml.component
}

/// The components of the SDK in `folder` with these `modules` and `libraries`, and those that the compiler links with
/// its programs. Writes the licence texts into the SDK.
pub(crate) fn collect_components(
    sources: &Sources<'_>,
    modules: &[String],
    libraries: &[String],
    folder: &Path,
) -> Result<Vec<ThirdParty>> {
    let entries = entries();
    for library in libraries {
        let known =
            |entry: &ThirdPartyEntry| matches!(&entry.location, ThirdPartyLocation::Library(name) if name == library);
        ensure!(
            library.starts_with("opencv_") || entries.iter().any(known),
            "the library `{library}` has no entry; add its version and licence to \
             opencv-build/data/third-party.toml"
        );
    }
    let present = |entry: &&ThirdPartyEntry| match &entry.location {
        ThirdPartyLocation::Library(name) => libraries.contains(name),
        ThirdPartyLocation::Module(name) => modules.contains(name),
        ThirdPartyLocation::Folder(name) => folder.join(name).is_dir(),
        ThirdPartyLocation::Runtime(_) => true,
    };
    let mut written = Vec::new();
    entries
        .iter()
        .filter(present)
        .map(|entry| entry.resolve(sources, folder, &mut written))
        .collect()
}

impl ThirdPartyEntry {
    fn resolve(&self, sources: &Sources<'_>, folder: &Path, written: &mut Vec<(String, String)>) -> Result<ThirdParty> {
        let newer = sources.trim.is_third_party(&format!("{}/", self.folder));
        let (root, source) = match (self.base, sources.face_model) {
            (Base::Opencv, _) => (
                sources.tree.path.as_path(),
                sources.tree.third_party.clone().filter(|_| newer),
            ),
            (Base::Zig, _) => (sources.zig_dir, None),
            (Base::FaceModel, Some(model)) => (model.root.as_path(), Some(model.description())),
            (Base::FaceModel, None) => bail!(
                "failed to find the licence of {}: the build has no face detection network",
                self.name
            ),
        };
        let root = root.join(&self.folder);
        Ok(ThirdParty {
            name: self.name.clone(),
            version: self.find_version(sources, &root)?,
            location: self.location.clone(),
            license: self.license.clone(),
            license_files: self.write_texts(&root, folder, written)?,
            homepage: self.homepage.clone(),
            source,
            cpe: self.cpe.clone(),
        })
    }

    fn find_version(&self, sources: &Sources<'_>, root: &Path) -> Result<String> {
        let failed = format!("failed to find the version of {}", self.name);
        match &self.version {
            Version::SameAs(whose) if whose == "opencv" => Ok(sources.opencv_version.to_owned()),
            Version::SameAs(whose) => {
                let version = sources.wheel_versions.get(whose).cloned();
                version.with_context(|| format!("{failed}: `{whose}` is not a pinned wheel"))
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
                         correct opencv-build/data/third-party.toml",
                        path.display(),
                        prefixes.join("`, `")
                    )
                })
            }
        }
    }

    /// Writes the licence texts to `folder` and returns their paths; a text in `written` is not repeated.
    fn write_texts(&self, root: &Path, folder: &Path, written: &mut Vec<(String, String)>) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for text in &self.license_texts {
            let (LicenseText::File(file) | LicenseText::FirstComment(file)) = text;
            let from = root.join(file);
            let mut content = self.read(&from)?;
            let mut file = file.rsplit('/').next().unwrap_or(file);
            if let LicenseText::FirstComment(_) = text {
                file = "LICENSE";
                let (name, from) = (&self.name, from.display());
                content = first_comment(&content)
                    .with_context(|| format!("failed to find the licence of {name}: `{from}` has no comment"))?;
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
        let bytes = fs::read(path).with_context(|| format!("failed to read `{}` for {}", path.display(), self.name))?;
        // Some authors' names are in Latin-1; versions and licences are ASCII.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The version whose parts follow the `prefixes` in `text`.
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

/// The text of the first comment, of C or XML, without comment markers.
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

/// Removes the star at the start of a line of a C comment.
fn strip_comment_prefix(line: &str) -> &str {
    match line.trim_start().strip_prefix('*') {
        Some(rest) => rest.strip_prefix(' ').unwrap_or(rest),
        None => line,
    }
    .trim_end()
}

#[cfg(test)]
mod tests;
