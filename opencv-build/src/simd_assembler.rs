//! The assembler of libjpeg-turbo's SIMD kernels: the compiler on Arm, nasm on x86_64. nasm is the machine's own, or
//! Debian's package, downloaded with apt and verified. Without it the plain C code is built, and the SDK's manifest
//! reports that.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use fs_err as fs;

use crate::error::{ErrorKind, WithKind};
use crate::pins::{DebianPackage, Pins};
use crate::recipe::Recipe;
use crate::target::Architecture;
use support::apt::Apt;
use support::environment::restricted;
use support::files::{PARTIAL_PREFIX, remove_partial_output, temporary_dir_in};
use support::fingerprint::sha256_of_file;
use support::lock::Lock;
use support::progress::{ProgressStep, print_status};
use support::run::{Shell, cmd, output, run_logged};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimdAssembler {
    /// The recipe does not include JPEG.
    NotNeeded,
    /// The kernels are intrinsics, which the compiler compiles.
    Neon,
    Nasm {
        path: PathBuf,
        version: String,
    },
    /// nasm is required but cannot be installed, so no SIMD code is assembled.
    Missing,
}

impl SimdAssembler {
    /// The assembler for `recipe`, on the machine or already installed in `parent`.
    pub fn find(recipe: &Recipe, pins: &Pins, parent: &Path) -> Self {
        if !recipe.codecs.contains("jpeg") {
            return Self::NotNeeded;
        }
        if recipe.target.architecture == Architecture::Aarch64 {
            return Self::Neon;
        }
        let installed = install_dir(&pins.assembler, parent).join("usr/bin/nasm");
        let found = [PathBuf::from("nasm"), installed].into_iter().find_map(|path| {
            let version = nasm_version(&path)?;
            Some(Self::Nasm { path, version })
        });
        found.unwrap_or(Self::Missing)
    }

    /// Like [`Self::find`], but installs nasm in `parent` if it is missing. If that fails, prints a warning and returns
    /// [`Self::Missing`].
    pub fn install(recipe: &Recipe, pins: &Pins, parent: &Path) -> Result<Self> {
        let found = Self::find(recipe, pins, parent);
        if found != Self::Missing {
            return Ok(found);
        }
        let lock = Lock::acquire(&parent.join("lock"), print_status).with_kind(ErrorKind::Lock)?;
        if let Err(error) = install_debian_package(&pins.assembler, parent, &lock) {
            print_status(&format!("nasm is not installed, and downloading it failed: {error:#}"));
            print_status(&Self::Missing.degradation().unwrap_or_default());
            return Ok(Self::Missing);
        }
        Ok(Self::find(recipe, pins, parent))
    }

    /// The cmake options. Each always has a value, so that no value of an earlier build remains in cmake's cache.
    pub(crate) fn defines(&self) -> [(&'static str, String); 2] {
        let (kernels, nasm) = match self {
            Self::NotNeeded | Self::Missing => ("none", String::new()),
            Self::Neon => ("neon", String::new()),
            Self::Nasm { path, .. } => ("x86_64", path.display().to_string()),
        };
        [
            ("LIBJPEG_TURBO_KERNELS", kernels.to_owned()),
            ("LIBJPEG_TURBO_NASM", nasm),
        ]
    }

    /// The part that affects the libraries.
    pub(crate) fn cache_key(&self) -> String {
        match self {
            Self::NotNeeded | Self::Missing => "none".to_owned(),
            Self::Neon => "neon".to_owned(),
            Self::Nasm { version, .. } => format!("nasm {version}"),
        }
    }

    pub(crate) fn tool_version(&self) -> Option<(String, String)> {
        match self {
            Self::Nasm { version, .. } => Some(("nasm".to_owned(), version.clone())),
            _ => None,
        }
    }

    pub fn degradation(&self) -> Option<String> {
        // Must not depend on the machine, because it becomes part of the SDK.
        (*self == Self::Missing).then(|| {
            "JPEG is read and written without SIMD, at half the speed or less, because the machine that built \
             OpenCV had no nasm; install it and build again"
                .to_owned()
        })
    }
}

fn install_dir(package: &DebianPackage, parent: &Path) -> PathBuf {
    // Machines of different architectures can share a home folder.
    let architecture = std::env::consts::ARCH;
    let (name, version) = (&package.package, &package.version);
    parent.join(format!("{name}-{version}-{architecture}"))
}

fn nasm_version(path: &Path) -> Option<String> {
    let sh = Shell::new().ok()?;
    let stdout = output(restricted(cmd!(sh, "{path} -v"), &[])).ok()?;
    let version = stdout.strip_prefix("NASM version ")?.split_whitespace().next();
    version.map(str::to_owned)
}

fn install_debian_package(package: &DebianPackage, parent: &Path, lock: &Lock) -> Result<()> {
    let folder = install_dir(package, parent);
    if folder.is_dir() {
        bail!("the copy in `{}` does not run", folder.display());
    }
    remove_partial_output(parent)?;
    let partial = temporary_dir_in(parent, PARTIAL_PREFIX)?;
    let _step = ProgressStep::start(format!("downloading {}", package.package));
    let log = parent.join("apt.log");
    let apt = Apt {
        options: &[],
        lock,
        log: &log,
    };
    let file = apt.download(&format!("{}={}", package.package, package.version), partial.path())?;
    let digest = sha256_of_file(&file)?;
    ensure!(
        package.sha256.contains(&digest),
        "the SHA-256 of Debian's package is {digest}, which is not pinned"
    );
    let unpacked = partial.path().join("unpacked");
    let sh = Shell::new()?;
    let dpkg = cmd!(sh, "dpkg-deb --extract {file} {unpacked}");
    let mut dpkg = Command::from(restricted(dpkg, &[]));
    run_logged(dpkg.stdin(lock.inheritable_stdin()?), &log, |_| ())?;
    Ok(fs::rename(&unpacked, &folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::write_script;
    use crate::recipe::tests::recipe;

    #[test]
    fn only_x86_with_jpeg_needs_nasm() {
        let nowhere = Path::new("/nowhere");
        let pins = Pins::embedded();
        let mut recipe = recipe();
        recipe.target.architecture = Architecture::Aarch64;
        let assembler = SimdAssembler::install(&recipe, pins, nowhere).unwrap();
        assert_eq!(assembler, SimdAssembler::Neon);
        recipe.codecs.remove("jpeg");
        recipe.target.architecture = Architecture::X86_64;
        let assembler = SimdAssembler::install(&recipe, pins, nowhere).unwrap();
        assert_eq!((&assembler, assembler.degradation()), (&SimdAssembler::NotNeeded, None));
    }

    #[test]
    fn only_nasm_output_is_accepted_as_version() {
        let folder = tempfile::tempdir().unwrap();
        let nasm = folder.path().join("nasm");
        write_script(&nasm, "#!/bin/sh\necho NASM version 2.16.01 compiled once\n").unwrap();
        assert_eq!(nasm_version(&nasm).as_deref(), Some("2.16.01"));
        write_script(&nasm, "#!/bin/sh\necho yasm 1.3.0\n").unwrap();
        assert_eq!(nasm_version(&nasm), None);
        assert_eq!(nasm_version(&folder.path().join("none")), None);
    }

    #[test]
    fn missing_assembler_is_reported_as_degradation() {
        let assembler = SimdAssembler::Missing;
        let message = assembler.degradation().unwrap();
        assert!(
            message.contains("without SIMD") && message.contains("no nasm"),
            "{message}"
        );
        assert_eq!(assembler.cache_key(), "none");
        assert!(assembler.defines().iter().any(|(_, value)| value == "none"));
    }
}
