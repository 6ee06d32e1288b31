//! The recipe: the validated content of `opencv.toml`. A [`Recipe`] contains only modules, formats and versions that
//! exist, and includes all dependencies of its modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, WithKind};
use crate::pins::Pins;
use crate::target::{Architecture, Target, TargetToml};

/// A complete and consistent description of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Recipe {
    /// OpenCV's version, one with pinned sources.
    pub version: String,
    /// 11, 14 or 17.
    pub cxx_standard: u8,
    /// The modules in topological order: each module after those that it requires.
    pub modules: Vec<String>,
    pub codecs: BTreeSet<String>,
    /// Those of `codecs` that are only read: imgcodecs does not refer to their encoders, so that programs lack them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub decode_only: BTreeSet<String>,
    pub target: Target,
    pub haar: HaarDetector,
    pub cpu: Cpu,
    /// Used instead of the pinned sources.
    pub source: Option<LocalSource>,
    /// Whether to instrument the libraries for fuzzers: see [`crate::sanitizers`]. Cannot be set in a file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub instrumented: bool,
}

/// Instruction sets, by the names of OpenCV's `CPU_BASELINE` and `CPU_DISPATCH`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Required on every machine that runs the result.
    pub baseline: Vec<String>,
    /// Used if the machine supports them.
    pub dispatch: Vec<String>,
}

/// The detector for Haar cascades of stumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaarDetector {
    /// Our detector, which returns the same results as OpenCV's, many times faster.
    #[default]
    Fast,
    /// OpenCV's own code.
    Upstream,
}

/// A local source tree or archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSource {
    /// A folder, or a `.tar.gz` archive.
    pub path: PathBuf,
    /// The archive's digest in hexadecimal; required unless it is one of the pinned ones.
    pub sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipeToml {
    version: String,
    cxx_standard: u8,
    modules: Vec<String>,
    codecs: BTreeSet<String>,
    #[serde(default)]
    decode_only: BTreeSet<String>,
    #[serde(default)]
    haar: HaarDetector,
    target: TargetToml,
    cpu: BTreeMap<Architecture, Cpu>,
    source: Option<LocalSource>,
    /// Size budgets, which `cargo xtask size` reads; they do not affect the build.
    #[serde(default, rename = "size")]
    _size: IgnoredAny,
    /// The Rust toolchain and glibc of functions, which `cargo xtask` reads; they do not affect the build.
    #[serde(default, rename = "tools")]
    _tools: IgnoredAny,
}

impl Recipe {
    /// Reads the recipe at `path`; `architecture` overrides the recipe's own.
    ///
    /// # Errors
    /// The file cannot be read or is not a valid recipe, or a name, version or standard in it does not exist.
    pub fn read(path: &Path, architecture: Option<Architecture>) -> Result<Self, Error> {
        let text = fs::read_to_string(path)
            .context("failed to read the recipe")
            .with_kind(ErrorKind::Recipe)?;
        Self::parse_file(path, &text, architecture)
    }

    /// Parses the content `text` of the recipe at `path`; `architecture` overrides the recipe's own.
    ///
    /// # Errors
    /// The text is not a valid recipe, or a name, version or standard in it does not exist.
    pub fn parse_file(path: &Path, text: &str, architecture: Option<Architecture>) -> Result<Self, Error> {
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(text, base, architecture)
            .with_context(|| format!("failed to use the recipe `{}`", path.display()))
            .with_kind(ErrorKind::Recipe)
    }

    /// Parses a recipe whose paths are relative to the folder `base`; `architecture` overrides the recipe's own.
    ///
    /// # Errors
    /// The text is not a valid recipe, or a name, version or standard in it does not exist.
    pub fn parse(text: &str, base: &Path, architecture: Option<Architecture>) -> Result<Self, Error> {
        Self::parse_checked(text, base, architecture).with_kind(ErrorKind::Recipe)
    }

    fn parse_checked(text: &str, base: &Path, architecture: Option<Architecture>) -> Result<Self> {
        let written: RecipeToml = toml::from_str(text)?;
        let (version, cxx_standard) = (written.version, written.cxx_standard);
        let catalog = Catalog::embedded();
        ensure!(
            !written.modules.is_empty(),
            "`modules` is empty; name at least \"core\""
        );
        let modules = catalog.resolve_modules(&written.modules)?;
        catalog.check_codecs(&written.codecs)?;
        catalog.check_codecs(&written.decode_only)?;
        if let Some(codec) = written.decode_only.difference(&written.codecs).next() {
            bail!("`decode_only` contains `{codec}`, which is not in `codecs`; add it there or remove it here");
        }

        let pins = Pins::embedded();
        let known: Vec<_> = pins.source.iter().map(|s| s.version.as_str()).collect();
        ensure!(
            known.contains(&version.as_str()),
            "no source is pinned for OpenCV {version}; available versions: {}",
            known.join(", ")
        );
        ensure!(
            matches!(cxx_standard, 11 | 14 | 17),
            "`cxx_standard` is {cxx_standard}; OpenCV 4.5 builds as 11, 14 or 17"
        );

        let architecture = architecture.or(written.target.architecture).or_else(Architecture::host);
        let target = Target {
            architecture: architecture
                .context("Lambda does not offer this machine's processor; name `architecture` in `[target]`")?,
            glibc: written.target.glibc,
        };
        let cpu = written.cpu.get(&target.architecture).cloned();
        let cpu = cpu.with_context(|| {
            let name = target.architecture;
            format!("`[cpu.{name}]` is missing; it names the instruction sets for {name}")
        })?;
        let source = written.source.map(|source| LocalSource {
            path: base.join(source.path),
            ..source
        });
        Ok(Self {
            version,
            cxx_standard,
            modules,
            codecs: written.codecs,
            decode_only: written.decode_only,
            haar: written.haar,
            target,
            cpu,
            source,
            instrumented: false,
        })
    }

    /// Whether `modules` contains `name`.
    pub fn has_module(&self, name: &str) -> bool {
        self.modules.iter().any(|module| module == name)
    }
}

impl FromStr for Recipe {
    type Err = Error;

    /// Parses a recipe for its own architecture. The path of a local source is relative to the current folder.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text, Path::new(""), None)
    }
}

#[cfg(test)]
pub(crate) mod tests;
