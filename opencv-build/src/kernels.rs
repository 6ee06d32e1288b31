//! What makes libjpeg-turbo's kernels: nothing but the compiler on Arm, nasm on x86. nasm is the machine's, or else
//! Debian's package, brought where apt can and verified. Without it the plain C is built, and everybody who asks is told.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use fs_err as fs;

use crate::error::{ErrorKind, OfKind};
use crate::pins::{Package, Pins};
use crate::recipe::Recipe;
use crate::target::Architecture;
use support::environment::{Group, restricted};
use support::files::{PARTIAL, sorted_entries, sweep, temporary_in};
use support::fingerprint::sha256_of_file;
use support::lock::Lock;
use support::progress::{Step, tell};
use support::run::{Shell, cmd, output, run_logged};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// The recipe has no JPEG.
    NotAsked,
    /// From intrinsics, by the compiler.
    Neon,
    /// By this program of this version.
    Assembled { nasm: PathBuf, version: String },
    /// They are not: there is no nasm.
    None,
}

impl Kernels {
    /// What there is for `recipe`, on the machine or brought before below `parent`.
    pub fn find(recipe: &Recipe, pins: &Pins, parent: &Path) -> Self {
        if !recipe.codecs.contains("jpeg") {
            return Self::NotAsked;
        }
        if recipe.target.architecture == Architecture::Aarch64 {
            return Self::Neon;
        }
        let brought = brought(&pins.assembler, parent).join("usr/bin/nasm");
        let found = [PathBuf::from("nasm"), brought]
            .into_iter()
            .find_map(|nasm| {
                let version = version(&nasm)?;
                Some(Self::Assembled { nasm, version })
            });
        found.unwrap_or(Self::None)
    }

    /// The same, after bringing nasm below `parent` where the machine has none. That it cannot be brought is
    /// no failure; it is told.
    pub fn bring(recipe: &Recipe, pins: &Pins, parent: &Path) -> Result<Self> {
        let found = Self::find(recipe, pins, parent);
        if found != Self::None {
            return Ok(found);
        }
        let lock = Lock::take(&parent.join("lock"), tell).of_kind(ErrorKind::Lock)?;
        if let Err(error) = fetch(&pins.assembler, parent, &lock) {
            tell(&format!(
                "this machine has no nasm, and it could not be brought: {error:#}"
            ));
            tell(&Self::None.lack().unwrap_or_default());
            return Ok(Self::None);
        }
        Ok(Self::find(recipe, pins, parent))
    }

    /// What cmake is told; every option has a value always, so that none of an earlier build is left.
    pub(crate) fn defines(&self) -> [(&'static str, String); 2] {
        let (kernels, nasm) = match self {
            Self::NotAsked | Self::None => ("none", String::new()),
            Self::Neon => ("neon", String::new()),
            Self::Assembled { nasm, .. } => ("x86_64", nasm.display().to_string()),
        };
        [
            ("LIBJPEG_TURBO_KERNELS", kernels.to_owned()),
            ("LIBJPEG_TURBO_NASM", nasm),
        ]
    }

    /// What of this decides what is built.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::NotAsked | Self::None => "none".to_owned(),
            Self::Neon => "neon".to_owned(),
            Self::Assembled { version, .. } => format!("nasm {version}"),
        }
    }

    pub(crate) fn tool(&self) -> Option<(String, String)> {
        match self {
            Self::Assembled { version, .. } => Some(("nasm".to_owned(), version.clone())),
            _ => None,
        }
    }

    pub fn lack(&self) -> Option<String> {
        // The same on every machine: it becomes part of the SDK.
        (*self == Self::None).then(|| {
            "JPEG is read and written without SIMD, at half the speed or less, because the machine that built \
             OpenCV had no nasm; install it and build again"
                .to_owned()
        })
    }
}

fn brought(package: &Package, parent: &Path) -> PathBuf {
    // A home can be that of machines of several architectures.
    let architecture = std::env::consts::ARCH;
    let (name, version) = (&package.package, &package.version);
    parent.join(format!("{name}-{version}-{architecture}"))
}

fn version(path: &Path) -> Option<String> {
    let sh = Shell::new().ok()?;
    let said = output(restricted(cmd!(sh, "{path} -v"), &[])).ok()?;
    let version = said
        .strip_prefix("NASM version ")?
        .split_whitespace()
        .next();
    version.map(str::to_owned)
}

fn fetch(package: &Package, parent: &Path, lock: &Lock) -> Result<()> {
    let folder = brought(package, parent);
    if folder.is_dir() {
        bail!("the one in `{}` does not run", folder.display());
    }
    sweep(parent)?;
    let partial = temporary_in(parent, PARTIAL)?;
    let _step = Step::start(format!("bringing {}", package.package));
    let log = parent.join("apt.log");
    let (sh, name, version) = (Shell::new()?, &package.package, &package.version);
    sh.change_dir(partial.path());
    let apt = cmd!(
        sh,
        "apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=20 download {name}={version}"
    );
    let mut apt = Command::from(restricted(apt, &[Group::Network]));
    run_logged(apt.stdin(lock.lend()?), &log, |_| ())?;
    let files = sorted_entries(partial.path())?;
    let [file] = files.as_slice() else {
        bail!("apt-get wrote {} files", files.len());
    };
    let digest = sha256_of_file(file)?;
    ensure!(
        package.sha256.contains(&digest),
        "the SHA-256 of Debian's package is {digest}, which is none of the pinned ones"
    );
    let unpacked = partial.path().join("unpacked");
    let dpkg = cmd!(sh, "dpkg-deb --extract {file} {unpacked}");
    let mut dpkg = Command::from(restricted(dpkg, &[]));
    run_logged(dpkg.stdin(lock.lend()?), &log, |_| ())?;
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
        let kernels = Kernels::bring(&recipe, pins, nowhere).unwrap();
        assert_eq!(kernels, Kernels::Neon);
        recipe.codecs.remove("jpeg");
        recipe.target.architecture = Architecture::X86_64;
        let kernels = Kernels::bring(&recipe, pins, nowhere).unwrap();
        assert_eq!((&kernels, kernels.lack()), (&Kernels::NotAsked, None));
    }

    #[test]
    fn what_was_brought_is_used_and_another_program_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let nasm = folder.path().join("nasm");
        write_script(
            &nasm,
            "#!/bin/sh\necho NASM version 2.16.01 compiled once\n",
        )
        .unwrap();
        assert_eq!(version(&nasm).as_deref(), Some("2.16.01"));
        write_script(&nasm, "#!/bin/sh\necho yasm 1.3.0\n").unwrap();
        assert_eq!(version(&nasm), None);
        assert_eq!(version(&folder.path().join("none")), None);
    }

    #[test]
    fn without_kernels_it_is_said() {
        let kernels = Kernels::None;
        let said = kernels.lack().unwrap();
        assert!(
            said.contains("without SIMD") && said.contains("no nasm"),
            "{said}"
        );
        assert_eq!(kernels.identity(), "none");
        assert!(kernels.defines().iter().any(|(_, value)| value == "none"));
    }
}
