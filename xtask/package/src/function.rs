//! A built function: its package, and its program, which Lambda can run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use layer::Architecture;
use layer::elf::FunctionBinary;
use opencv_build::Target;
use support::atomic;

use crate::function_package::FunctionPackage;
pub use crate::function_package::PROGRAM_NAME;

#[derive(Clone, Debug)]
pub struct Function {
    pub package: FunctionPackage,
    pub binary: FunctionBinary,
}

impl Function {
    /// Checks the program at `path`, which cargo has built, and keeps a copy: programs of several packages can have the
    /// same path.
    pub(crate) fn keep(package: &FunctionPackage, path: &Path, target: &Target) -> Result<Self> {
        let kept = program_path(package, target);
        let content = fs::read(path)?;
        if fs::read(&kept).ok().as_deref() != Some(content.as_slice()) {
            atomic::write_with_mode(&kept, &content, 0o755)?;
        }
        Self::check(package, &kept, target)
    }

    /// A function with the program at `path`.
    ///
    /// # Errors
    /// The program is not for `target`, needs a newer glibc, or is not hardened.
    pub fn check(package: &FunctionPackage, path: &Path, target: &Target) -> Result<Self> {
        let binary = FunctionBinary::check(path, target.architecture, target.glibc)?.require_hardened()?;
        Ok(Self {
            package: package.clone(),
            binary,
        })
    }

    /// The path of the program.
    pub fn path(&self) -> &Path {
        self.binary.path()
    }

    pub fn architecture(&self) -> Architecture {
        self.binary.architecture()
    }
}

fn program_path(package: &FunctionPackage, target: &Target) -> PathBuf {
    let functions = package.workspace.target_dir().join("function");
    functions.join(target.dir_name()).join(&package.name).join(PROGRAM_NAME)
}
