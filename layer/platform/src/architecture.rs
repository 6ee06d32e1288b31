//! Processor architectures, and the names that tools have for them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A processor architecture that Lambda offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(alias = "amd64")]
    X86_64,
    /// Arm: Graviton at AWS.
    #[serde(alias = "arm64")]
    Aarch64,
}

#[derive(Debug, thiserror::Error)]
#[error("unknown architecture `{0}`; Lambda has x86_64 (amd64) and arm64 (aarch64)")]
pub struct UnknownArchitecture(String);

impl Architecture {
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// The name that rustc, zig, CMake, qemu and this project's files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// The name that OCI images, registries and Debian use: Go's `GOARCH`.
    pub fn goarch(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    pub fn lambda_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "arm64",
        }
    }

    /// rustc's target, such as `aarch64-unknown-linux-gnu`, whose programs can run on Lambda.
    pub fn rust_triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// None if Lambda does not offer it.
    pub fn from_goarch(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.goarch() == name)
    }

    /// The architecture of this machine; none if Lambda does not offer it.
    pub fn host() -> Option<Self> {
        std::env::consts::ARCH.parse().ok()
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::X86_64 => Self::Aarch64,
            Self::Aarch64 => Self::X86_64,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = UnknownArchitecture;

    /// Accepts the names of all tools.
    fn from_str(text: &str) -> Result<Self, UnknownArchitecture> {
        let mut all = Self::ALL.into_iter();
        all.find(|known| [known.name(), known.lambda_name(), known.goarch()].contains(&text))
            .ok_or_else(|| UnknownArchitecture(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architecture_parses_from_the_names_of_all_tools() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.to_string().parse::<Architecture>().unwrap(), architecture);
            for name in [architecture.lambda_name(), architecture.goarch()] {
                assert_eq!(name.parse::<Architecture>().unwrap(), architecture);
            }
            assert!(architecture.rust_triple().starts_with(architecture.name()));
            let found = Architecture::from_goarch(architecture.goarch());
            assert_eq!(found, Some(architecture));
            assert_ne!(architecture.other(), architecture);
        }
        assert_eq!(Architecture::from_goarch("riscv64"), None);
        let error = "riscv64".parse::<Architecture>().unwrap_err().to_string();
        assert!(error.contains("`riscv64`") && error.contains("arm64"), "{error}");
    }
}
