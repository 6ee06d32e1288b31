//! The root folder from which an image's glibc is taken: this machine's, one that the user names, or Debian's package
//! for another architecture.

mod debian;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use layer::{Architecture, FileTree, glibc};
use opencv_build::{BuildPaths, Runner};
use serde::{Deserialize, Serialize};

use crate::target_tools::TargetTools;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sysroot {
    architecture: Architecture,
    named: Option<PathBuf>,
    /// The folder in which packages are unpacked.
    parent: PathBuf,
}

impl Sysroot {
    pub(crate) fn new(architecture: Architecture, tools: &TargetTools, paths: &BuildPaths) -> Self {
        Self {
            architecture,
            named: tools.sysroot.clone(),
            parent: paths.toolchain_dir(),
        }
    }

    /// The folder, whose libraries have the paths that they have on the target. Downloads Debian's package on first use
    /// if this machine has no glibc for the architecture.
    ///
    /// # Errors
    /// The named folder does not exist, or the package cannot be downloaded.
    pub fn root(&self) -> Result<PathBuf> {
        if let Some(named) = &self.named {
            ensure!(named.is_dir(), "the root folder `{}` is not a folder", named.display());
            return Ok(fs::canonicalize(named)?);
        }
        let root = Path::new("/");
        if Architecture::host() == Some(self.architecture) || glibc::is_in(root, self.architecture) {
            return Ok(root.to_owned());
        }
        debian::install(self.architecture, &self.parent).with_context(|| {
            format!(
                "this machine has no glibc for {0}, and Debian's package libc6:{1} cannot be had; name a root folder \
                 that has it by --sysroot, by the variable SYSROOT_{2}, or by `sysroot` in `[tools.{0}]` of the \
                 recipe; an image on a base with a glibc, such as --base public.ecr.aws/lambda/provided:al2023, and a \
                 zip archive need none",
                self.architecture,
                self.architecture.goarch(),
                self.architecture.rust_triple().replace('-', "_"),
            )
        })
    }

    /// How this machine runs programs of the architecture that are linked with the folder's libraries.
    ///
    /// # Errors
    /// It has another architecture and no emulator, or no glibc for it.
    pub fn runner(&self) -> Result<Runner> {
        let runner = Runner::find(self.architecture)?;
        match runner.is_emulated() {
            true => Ok(runner.with_sysroot(&self.root()?)),
            false => Ok(runner),
        }
    }

    /// The loader and the libraries that the program needs.
    pub fn required_libraries(&self, binary: &FunctionBinary) -> Result<FileTree> {
        Ok(glibc::required_libraries(binary, &self.root()?)?)
    }
}
