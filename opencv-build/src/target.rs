//! The machine that the result runs on: architecture and the oldest glibc. Knows how rustc, zig
//! and cmake each call it, and nothing of how it is built for.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// A processor architecture that Lambda offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Intel and AMD, `x86_64` at Lambda.
    X86_64,
    /// Graviton, `arm64` at Lambda.
    Aarch64,
}

impl Architecture {
    /// The name that rustc, zig, cmake and this project's files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// The architecture of the machine that this program runs on, if Lambda has it too.
    pub fn of_this_machine() -> Option<Self> {
        std::env::consts::ARCH.parse().ok()
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" | "arm64" => Ok(Self::Aarch64),
            _ => bail!("unknown architecture `{text}`; Lambda has x86_64 and aarch64 (arm64)"),
        }
    }
}

/// A glibc release, such as 2.26.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GlibcVersion {
    /// The first number, 2 for every release since 1997.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

/// The oldest glibc that Rust's own standard library for Linux runs on.
/// Source: <https://doc.rust-lang.org/rustc/platform-support.html>.
const OLDEST: GlibcVersion = GlibcVersion {
    major: 2,
    minor: 17,
};

impl FromStr for GlibcVersion {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let version = text
            .split_once('.')
            .and_then(|(major, minor)| {
                Some(Self {
                    major: major.parse().ok()?,
                    minor: minor.parse().ok()?,
                })
            })
            .with_context(|| format!("`{text}` is no glibc version; write it as \"2.26\""))?;
        ensure!(
            version >= OLDEST,
            "glibc {version} is too old: Rust's standard library needs {OLDEST}"
        );
        Ok(version)
    }
}

impl TryFrom<String> for GlibcVersion {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<GlibcVersion> for String {
    fn from(version: GlibcVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What is built for: an architecture and the oldest glibc that the result may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The processor.
    pub architecture: Architecture,
    /// The glibc floor.
    pub glibc: GlibcVersion,
}

impl Target {
    /// The folder name that tells builds for different targets apart: `x86_64-glibc2.26`.
    pub fn key(&self) -> String {
        format!("{}-glibc{}", self.architecture, self.glibc)
    }

    /// What rustc calls it; rustc does not know a glibc version.
    pub fn rust_triple(&self) -> String {
        format!("{}-unknown-linux-gnu", self.architecture)
    }

    /// What zig calls it, glibc version included.
    pub fn zig_triple(&self) -> String {
        format!("{}-linux-gnu.{}", self.architecture, self.glibc)
    }

    /// Whether programs for it run on this machine.
    pub fn runs_here(&self) -> bool {
        Architecture::of_this_machine() == Some(self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_a_name_for_each_tool() {
        let target = Target {
            architecture: Architecture::Aarch64,
            glibc: "2.26".parse().unwrap(),
        };
        assert_eq!(target.key(), "aarch64-glibc2.26");
        assert_eq!(target.zig_triple(), "aarch64-linux-gnu.2.26");
        assert_eq!(target.rust_triple(), "aarch64-unknown-linux-gnu");
    }

    #[test]
    fn glibc_versions_compare_as_numbers_and_refuse_nonsense() {
        let version = |text: &str| text.parse::<GlibcVersion>();
        assert!(version("2.26").unwrap() < version("2.100").unwrap());
        assert!(version("2").is_err());
        assert!(version("new").is_err());
        let error = version("2.12").unwrap_err().to_string();
        assert!(error.contains("too old"), "{error}");
    }
}
