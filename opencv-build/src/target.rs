//! The machine that the result runs on: architecture and the oldest glibc. Knows how rustc, zig
//! and cmake each call it, and nothing of how it is built for.

pub use platform::{Architecture, GlibcVersion};
use serde::{Deserialize, Deserializer, Serialize, de};

/// The oldest glibc that Rust's own standard library for Linux runs on.
/// Source: <https://doc.rust-lang.org/rustc/platform-support.html>.
const MIN_GLIBC: GlibcVersion = GlibcVersion::new(2, 17);

/// What is built for: an architecture and the oldest glibc that the result may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Target {
    pub architecture: Architecture,
    #[serde(deserialize_with = "deserialize_supported_glibc")]
    pub glibc: GlibcVersion,
}

impl Target {
    /// The folder name that tells builds for different targets apart: `x86_64-glibc2.26`.
    pub fn dir_name(&self) -> String {
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
    pub fn runs_on_host(&self) -> bool {
        Architecture::host() == Some(self.architecture)
    }
}

/// Reads a glibc release that Rust programs run on.
fn deserialize_supported_glibc<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<GlibcVersion, D::Error> {
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
