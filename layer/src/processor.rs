//! The processor that an ELF file or an image says it is for, which need not be one of Lambda's.

use std::fmt;

use object::elf;
use oci_spec::image::Arch;
use platform::Architecture;

/// The processor that an ELF file or an image names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processor {
    /// One that Lambda offers.
    Lambda(Architecture),
    /// Another, by the name that OCI has for it or the number that ELF has for it.
    Other(String),
}

impl Processor {
    /// The architecture, if Lambda offers it.
    pub fn architecture(&self) -> Option<Architecture> {
        match self {
            Self::Lambda(architecture) => Some(*architecture),
            Self::Other(_) => None,
        }
    }
}

impl From<elf::Machine> for Processor {
    fn from(machine: elf::Machine) -> Self {
        match machine {
            elf::EM_X86_64 => Self::Lambda(Architecture::X86_64),
            elf::EM_AARCH64 => Self::Lambda(Architecture::Aarch64),
            other => Self::Other(format!("machine {}", other.0)),
        }
    }
}

impl From<&Arch> for Processor {
    fn from(name: &Arch) -> Self {
        let name = name.to_string();
        Architecture::from_goarch(&name).map_or(Self::Other(name), Self::Lambda)
    }
}

impl PartialEq<Architecture> for Processor {
    fn eq(&self, architecture: &Architecture) -> bool {
        self.architecture() == Some(*architecture)
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lambda(architecture) => architecture.fmt(f),
            Self::Other(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_that_lambda_does_not_offer_keep_their_names() {
        assert_eq!(Processor::from(elf::EM_AARCH64), Architecture::Aarch64);
        assert_eq!(Processor::from(&Arch::Amd64), Architecture::X86_64);
        let others = [
            (Processor::from(elf::EM_RISCV), "machine 243"),
            (Processor::from(&Arch::RISCV64), "riscv64"),
        ];
        for (processor, name) in others {
            assert_eq!(processor.architecture(), None);
            assert_eq!(processor.to_string(), name);
        }
    }
}
