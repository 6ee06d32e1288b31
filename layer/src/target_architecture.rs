//! The architecture of an ELF file or an image, supported by Lambda or not.

use std::fmt;

use object::elf;
use oci_spec::image::Arch;
use platform::Architecture;

/// The architecture of an ELF file or an image, which Lambda need not support.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum TargetArchitecture {
    Supported(Architecture),
    /// OCI's name or ELF's machine number.
    Unsupported(String),
}

impl TargetArchitecture {
    /// None if Lambda does not offer the architecture.
    pub fn supported(&self) -> Option<Architecture> {
        match self {
            Self::Supported(architecture) => Some(*architecture),
            Self::Unsupported(_) => None,
        }
    }
}

impl From<elf::Machine> for TargetArchitecture {
    fn from(machine: elf::Machine) -> Self {
        match machine {
            elf::EM_X86_64 => Self::Supported(Architecture::X86_64),
            elf::EM_AARCH64 => Self::Supported(Architecture::Aarch64),
            other => Self::Unsupported(format!("machine {}", other.0)),
        }
    }
}

impl From<&Arch> for TargetArchitecture {
    fn from(name: &Arch) -> Self {
        let name = name.to_string();
        Architecture::from_goarch(&name).map_or(Self::Unsupported(name), Self::Supported)
    }
}

impl PartialEq<Architecture> for TargetArchitecture {
    fn eq(&self, architecture: &Architecture) -> bool {
        self.supported() == Some(*architecture)
    }
}

impl fmt::Display for TargetArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supported(architecture) => architecture.fmt(f),
            Self::Unsupported(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_architectures_keep_their_names() {
        assert_eq!(TargetArchitecture::from(elf::EM_AARCH64), Architecture::Aarch64);
        assert_eq!(TargetArchitecture::from(&Arch::Amd64), Architecture::X86_64);
        let others = [
            (TargetArchitecture::from(elf::EM_RISCV), "machine 243"),
            (TargetArchitecture::from(&Arch::RISCV64), "riscv64"),
        ];
        for (processor, name) in others {
            assert_eq!(processor.supported(), None);
            assert_eq!(processor.to_string(), name);
        }
    }
}
