//! Whose code an SDK holds besides OpenCV's own, with versions and licence texts. Reads
//! `data/third-party.toml` and what it points to in OpenCV's tree and in zig's; refuses a library
//! of which it knows nothing, and a version that it cannot find.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::tree::SourceTree;
use crate::trim::Trim;
use support::files::write_if_other;

const TEXT: &str = include_str!("../data/third-party.toml");

pub const LICENCES: &str = "share/licenses";

/// One piece of somebody else's code, as `sdk.json` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct ThirdParty {
    pub name: String,
    pub version: String,
    pub place: Place,
    /// Its licence, an SPDX expression.
    pub licence: String,
    /// The licence's texts, as paths in the SDK. Several parts can share one.
    pub licence_files: Vec<String>,
    pub home: String,
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
pub enum Place {
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
pub struct Fact {
    pub name: String,
    pub place: Place,
    pub licence: String,
    folder: String,
    version: Version,
    texts: Vec<Text>,
    home: String,
    cpe: Option<[String; 2]>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Version {
    /// It is that of OpenCV, or of a wheel of the toolchain.
    Of(String),
    Stands {
        file: String,
        /// What each number follows.
        after: Vec<String>,
        /// It is one number of two digits for each part.
        #[serde(default)]
        two_digits: bool,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Text {
    File(String),
    /// The file's first comment.
    Comment(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    part: Vec<Fact>,
}

pub(crate) struct Sources<'a> {
    pub(crate) tree: &'a SourceTree,
    /// What of it was taken from the newer tree.
    pub(crate) trim: &'a Trim,
    pub(crate) zig: &'a Path,
    pub(crate) opencv: &'a str,
    pub(crate) tools: &'a BTreeMap<String, String>,
}

/// All facts that this crate carries.
pub fn facts() -> Vec<Fact> {
    let facts: Facts = toml::from_str(TEXT).expect("data/third-party.toml is checked by a test");
    facts.part
}

/// What is in an SDK of these `modules` and `libraries`, and what its programs are linked with
/// besides. Writes the licences' texts into the SDK in `folder`.
pub(crate) fn gather(
    sources: &Sources<'_>,
    modules: &[String],
    libraries: &[String],
    folder: &Path,
) -> Result<Vec<ThirdParty>> {
    let facts = facts();
    for library in libraries {
        let known = |fact: &Fact| matches!(&fact.place, Place::Library(name) if name == library);
        ensure!(
            library.starts_with("opencv_") || facts.iter().any(known),
            "nothing is known of the library `{library}`; add its version's place and its licence \
             to opencv-build/data/third-party.toml"
        );
    }
    let present = |fact: &&Fact| match &fact.place {
        Place::Library(name) => libraries.contains(name),
        Place::Module(name) => modules.contains(name),
        Place::Folder(_) | Place::Runtime(_) => true,
    };
    let mut written = Vec::new();
    facts
        .iter()
        .filter(present)
        .map(|fact| fact.look_up(sources, folder, &mut written))
        .collect()
}

impl Fact {
    fn look_up(
        &self,
        sources: &Sources<'_>,
        folder: &Path,
        written: &mut Vec<(String, String)>,
    ) -> Result<ThirdParty> {
        let root = match self.place {
            Place::Runtime(_) => sources.zig,
            _ => sources.tree.path.as_path(),
        };
        let root = root.join(&self.folder);
        let newer = sources.trim.is_third_party(&format!("{}/", self.folder));
        Ok(ThirdParty {
            name: self.name.clone(),
            version: self.find_version(sources, &root)?,
            place: self.place.clone(),
            licence: self.licence.clone(),
            licence_files: self.write_texts(&root, folder, written)?,
            home: self.home.clone(),
            source: sources.tree.third_party.clone().filter(|_| newer),
            cpe: self.cpe.clone(),
        })
    }

    fn find_version(&self, sources: &Sources<'_>, root: &Path) -> Result<String> {
        let failed = format!("failed to find the version of {}", self.name);
        match &self.version {
            Version::Of(whose) if whose == "opencv" => Ok(sources.opencv.to_owned()),
            Version::Of(whose) => {
                let version = sources.tools.get(whose).cloned();
                version.with_context(|| format!("{failed}: `{whose}` is no wheel"))
            }
            Version::Stands {
                file,
                after,
                two_digits,
            } => {
                let path = root.join(file);
                let version = version_in(&self.read(&path)?, after, *two_digits);
                version.with_context(|| {
                    format!(
                        "{failed} in `{}`, where it should follow `{}`; \
                         mend opencv-build/data/third-party.toml",
                        path.display(),
                        after.join("`, `")
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
        for text in &self.texts {
            let (Text::File(file) | Text::Comment(file)) = text;
            let from = root.join(file);
            let mut content = self.read(&from)?;
            let mut file = file.rsplit('/').next().unwrap_or(file);
            if let Text::Comment(_) = text {
                file = "LICENSE";
                let (name, from) = (&self.name, from.display());
                content = comment_in(&content).with_context(|| {
                    format!("failed to find the licence of {name}: `{from}` has no comment")
                })?;
            }
            if let Some((path, _)) = written.iter().find(|(_, present)| *present == content) {
                files.push(path.clone());
                continue;
            }
            let path = format!("{LICENCES}/{}-{file}", self.name);
            write_if_other(&folder.join(&path), content.as_bytes())?;
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

/// The version whose parts stand in `text`, each behind one of `after`.
fn version_in(text: &str, after: &[String], two_digits: bool) -> Option<String> {
    let mut parts = Vec::new();
    for marker in after {
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
fn comment_in(text: &str) -> Option<String> {
    let between = |open: &str, close: &str| {
        let (before, rest) = text.split_once(open)?;
        Some((before.len(), rest.split_once(close)?.0))
    };
    let c = between("/*", "*/");
    let xml = between("<!--", "-->");
    let lines: Vec<_> = match (c, xml) {
        (Some((at, comment)), other) if other.is_none_or(|(first, _)| at < first) => {
            comment.lines().map(unmarked).collect()
        }
        (_, other) => other?.1.lines().collect(),
    };
    let text = lines.join("\n");
    let text = text.trim_matches('*').trim_matches('\n').trim_end();
    (!text.is_empty()).then(|| format!("{text}\n"))
}

/// A line of a comment of C without the star at its start.
fn unmarked(line: &str) -> &str {
    match line.trim_start().strip_prefix('*') {
        Some(rest) => rest.strip_prefix(' ').unwrap_or(rest),
        None => line,
    }
    .trim_end()
}

#[cfg(test)]
mod tests;
