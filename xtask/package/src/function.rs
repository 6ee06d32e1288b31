//! A built function: its package, and its program, which Lambda can run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use layer::elf::FunctionBinary;
use layer::{Architecture, FileTree};
use opencv_build::Target;
use serde::{Deserialize, Serialize};
use support::atomic;

use crate::build::Build;
use crate::function_package::FunctionPackage;
pub use crate::function_package::PROGRAM_NAME;
use crate::sysroot::Sysroot;

#[derive(Clone, Debug)]
pub struct Function {
    pub package: FunctionPackage,
    pub binary: FunctionBinary,
    pub libraries: LibrarySources,
}

/// Where the libraries are from that every function has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LibrarySources {
    /// Contains the glibc of an image.
    pub sysroot: Sysroot,
    /// The release of Rust's standard library.
    pub rust_release: String,
}

impl Function {
    /// Checks the program at `path`, which cargo has built, and keeps a copy: programs of several packages can have the
    /// same path.
    pub(crate) fn keep(build: &Build, path: &Path) -> Result<Self> {
        let kept = program_path(&build.package, &build.recipe.target);
        let content = fs::read(path)?;
        if fs::read(&kept).ok().as_deref() != Some(content.as_slice()) {
            atomic::write_with_mode(&kept, &content, 0o755)?;
        }
        let libraries = LibrarySources {
            sysroot: build.sysroot.clone(),
            rust_release: build.rust_toolchain()?.release()?,
        };
        Self::check(&build.package, libraries, &kept, &build.recipe.target)
    }

    /// A function with the program at `path`.
    ///
    /// # Errors
    /// The program is not for `target`, needs a newer glibc, or is not hardened.
    pub fn check(package: &FunctionPackage, libraries: LibrarySources, path: &Path, target: &Target) -> Result<Self> {
        Ok(Self {
            package: package.clone(),
            binary: FunctionBinary::check(path, target.architecture, target.glibc)?.require_hardened()?,
            libraries,
        })
    }

    /// The path of the program.
    pub fn path(&self) -> &Path {
        self.binary.path()
    }

    pub fn architecture(&self) -> Architecture {
        self.binary.architecture()
    }

    /// The loader and the shared libraries that the program needs, for an image without a base.
    pub fn required_libraries(&self) -> Result<FileTree> {
        self.libraries.sysroot.required_libraries(&self.binary)
    }
}

fn program_path(package: &FunctionPackage, target: &Target) -> PathBuf {
    let functions = package.workspace.target_dir().join("function");
    functions.join(target.dir_name()).join(&package.name).join(PROGRAM_NAME)
}
