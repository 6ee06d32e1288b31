//! What every step that runs tools has at hand.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;

use crate::compiler::Compiler;
use crate::driver::{Driver, Job};
use crate::kernels::Kernels;
use crate::recipe::Recipe;
use crate::toolchain::Toolchain;
use support::files::{PARTIAL, temporary_in};
use support::fingerprint::Fingerprint;
use support::lock::Lock;

/// What is built, the tools for it, and the folders that they work in.
pub struct BuildContext<'a> {
    pub recipe: &'a Recipe,
    /// Of everything that decides what comes out.
    pub fingerprint: &'a Fingerprint,
    pub toolchain: &'a Toolchain,
    pub compiler: &'a Compiler,
    /// How to start a process for a tool.
    pub driver: &'a Driver,
    pub kernels: &'a Kernels,
    /// The lock that such a process holds with us.
    pub lock: &'a Lock,
    /// The folder of the tree, the build and the log.
    pub work: &'a Path,
    /// The folder that what comes out is given last.
    pub result: &'a Path,
}

impl BuildContext<'_> {
    /// The log of everything that the tools print.
    pub fn log(&self) -> PathBuf {
        self.work.join("build.log")
    }

    /// Starts the log anew; the one before is kept beside it.
    pub(crate) fn start_log(&self) -> Result<()> {
        let log = self.log();
        if log.exists() {
            fs::rename(&log, log.with_extension("log.before"))?;
        }
        Ok(())
    }

    pub(crate) fn run(&self, job: &Job, on_line: impl FnMut(&str)) -> Result<()> {
        let (cmake, libclang) = (self.toolchain.cmake(), self.toolchain.libclang());
        let mut environment = vec![
            ("CMAKE", cmake.as_path()),
            ("LIBCLANG_PATH", libclang.as_path()),
        ];
        environment.extend(self.compiler.caches());
        self.driver
            .run(job, &environment, self.lock, &self.log(), on_line)
    }

    /// A folder beside the result, in which that is put together: it goes when this value does.
    pub(crate) fn partial(&self) -> Result<tempfile::TempDir> {
        temporary_in(self.result.parent().unwrap_or(Path::new(".")), PARTIAL)
    }
}
