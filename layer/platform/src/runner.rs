//! How this machine runs programs for an architecture: itself, or by qemu's user-mode emulator.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::Architecture;

/// The command line before that of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    emulator: Option<PathBuf>,
    prefix: Vec<OsString>,
}

/// The machine has no emulator for the architecture.
#[derive(Debug, thiserror::Error)]
#[error(
    "programs for {architecture} do not run on this machine; install qemu's user-mode emulator, \
         qemu-{architecture}-static (Debian: qemu-user-static)"
)]
pub struct NoEmulator {
    architecture: Architecture,
}

impl Runner {
    /// Searches `PATH` for an emulator unless the machine has the architecture.
    ///
    /// # Errors
    /// There is none.
    pub fn find(architecture: Architecture) -> Result<Self, NoEmulator> {
        if Architecture::host() == Some(architecture) {
            return Ok(Self {
                emulator: None,
                prefix: Vec::new(),
            });
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let emulator = find_emulator(&path, architecture).ok_or(NoEmulator { architecture })?;
        let options = ["-cpu", Self::processor(architecture)].map(OsString::from);
        Ok(Self {
            prefix: [emulator.clone().into()].into_iter().chain(options).collect(),
            emulator: Some(emulator),
        })
    }

    /// qemu's name for the emulated processor. For arm64 it is the oldest one that Lambda has, so that newer instructions
    /// fail: Graviton2 has Neoverse N1 cores. For x86_64 it has all that qemu emulates, such as AVX2, but not AVX-512.
    pub fn processor(architecture: Architecture) -> &'static str {
        match architecture {
            Architecture::X86_64 => "max",
            Architecture::Aarch64 => "neoverse-n1",
        }
    }

    /// The emulator that loads plugins, which static ones do not.
    pub fn emulator_with_plugins(architecture: Architecture) -> Option<PathBuf> {
        find_program(
            &env::var_os("PATH").unwrap_or_default(),
            &format!("qemu-{architecture}"),
        )
    }

    /// Takes the loader and the shared libraries from `sysroot` if programs are emulated.
    #[must_use]
    pub fn with_sysroot(mut self, sysroot: &Path) -> Self {
        if self.is_emulated() {
            self.prefix.extend(["-L".into(), sysroot.into()]);
        }
        self
    }

    /// The words before a program's path; none if the machine has the architecture.
    pub fn prefix(&self) -> &[OsString] {
        &self.prefix
    }

    /// The command line of `program`.
    pub fn command_line(&self, program: &Path) -> Vec<OsString> {
        let program = OsString::from(program);
        self.prefix.iter().cloned().chain([program]).collect()
    }

    /// Whether an emulator runs the programs.
    pub fn is_emulated(&self) -> bool {
        self.emulator.is_some()
    }
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.emulator {
            None => f.write_str("this machine's processor"),
            Some(emulator) => write!(f, "{}", emulator.display()),
        }
    }
}

/// The static emulator first: it needs no libraries, so it also starts from within another root folder.
fn find_emulator(path: &OsStr, architecture: Architecture) -> Option<PathBuf> {
    let names = [format!("qemu-{architecture}-static"), format!("qemu-{architecture}")];
    names.iter().find_map(|name| find_program(path, name))
}

fn find_program(path: &OsStr, name: &str) -> Option<PathBuf> {
    let mut found = env::split_paths(path).map(|folder| folder.join(name));
    found.find(|program| program.is_absolute() && program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_this_machine_need_no_emulator() {
        let host = Architecture::host().unwrap();
        let runner = Runner::find(host).unwrap().with_sysroot(Path::new("/s"));
        assert!(runner.prefix().is_empty() && !runner.is_emulated());
        assert_eq!(runner.command_line(Path::new("/p")), ["/p"]);
    }

    #[test]
    fn static_emulator_is_preferred_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let path = folder.path().as_os_str().to_owned();
        let found = || find_emulator(&path, Architecture::Aarch64);
        assert_eq!(found(), None);
        std::fs::write(at("qemu-aarch64"), "").unwrap();
        assert_eq!(found(), Some(at("qemu-aarch64")));
        std::fs::write(at("qemu-aarch64-static"), "").unwrap();
        assert_eq!(found(), Some(at("qemu-aarch64-static")));
        let architecture = Architecture::Aarch64;
        let error = NoEmulator { architecture }.to_string();
        assert!(error.contains("qemu-aarch64-static"), "{error}");
    }
}
