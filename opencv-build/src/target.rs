//! The target of a build: architecture and oldest supported glibc, with its names in rustc and zig.

pub use platform::{Architecture, GlibcVersion, NoEmulator, Runner};
use serde::{Deserialize, Deserializer, Serialize, de};

/// The oldest glibc that Rust's own standard library for Linux runs on.
/// Source: <https://doc.rust-lang.org/rustc/platform-support.html>.
const MIN_GLIBC: GlibcVersion = GlibcVersion::new(2, 17);

/// An architecture and the oldest glibc on which the result must run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Target {
    pub architecture: Architecture,
    #[serde(deserialize_with = "deserialize_supported_glibc")]
    pub glibc: GlibcVersion,
}

/// The target as a recipe names it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetToml {
    /// None for the build machine's.
    pub(crate) architecture: Option<Architecture>,
    #[serde(deserialize_with = "deserialize_supported_glibc")]
    pub(crate) glibc: GlibcVersion,
}

impl Target {
    /// A unique folder name for builds for this target, such as `x86_64-glibc2.26`.
    pub fn dir_name(&self) -> String {
        format!("{}-glibc{}", self.architecture, self.glibc)
    }

    /// rustc's target triple, which has no glibc version.
    pub fn rust_triple(&self) -> &'static str {
        self.architecture.rust_triple()
    }

    /// zig's target triple, with the glibc version.
    pub fn zig_triple(&self) -> String {
        format!("{}-linux-gnu.{}", self.architecture, self.glibc)
    }

    /// Whether the build machine has the target's architecture.
    pub fn runs_on_host(&self) -> bool {
        Architecture::host() == Some(self.architecture)
    }

    /// The target with the build machine's architecture; none if Lambda does not offer that.
    pub(crate) fn on_host(&self) -> Option<Self> {
        Some(Self {
            architecture: Architecture::host()?,
            ..*self
        })
    }
}

/// Rejects a glibc release on which Rust programs do not run.
fn deserialize_supported_glibc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GlibcVersion, D::Error> {
    let version = GlibcVersion::deserialize(deserializer)?;
    if version < MIN_GLIBC {
        return Err(de::Error::custom(format!(
            "glibc {version} is too old: Rust's standard library needs {MIN_GLIBC}"
        )));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_has_a_triple_for_each_tool() {
        let target = Target {
            architecture: Architecture::Aarch64,
            glibc: "2.26".parse().unwrap(),
        };
        assert_eq!(target.dir_name(), "aarch64-glibc2.26");
        assert_eq!(target.zig_triple(), "aarch64-linux-gnu.2.26");
        assert_eq!(target.rust_triple(), "aarch64-unknown-linux-gnu");
    }

    #[test]
    fn unsupported_glibc_is_rejected() {
        let target = |glibc: &str| {
            let text = format!(r#"{{"architecture": "x86_64", "glibc": "{glibc}"}}"#);
            serde_json::from_str::<Target>(&text).map(|target| target.glibc)
        };
        assert_eq!(target("2.17").unwrap(), MIN_GLIBC);
        let error = target("2.12").unwrap_err().to_string();
        assert!(error.contains("too old"), "{error}");
    }
}
