//! The context of the build steps that run tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;

use crate::cmake::CmakeJob;
use crate::cmake_launcher::CmakeLauncher;
use crate::compiler::Compiler;
use crate::recipe::Recipe;
use crate::simd_assembler::SimdAssembler;
use crate::toolchain::Toolchain;
use support::environment::restricted;
use support::files::{PARTIAL_PREFIX, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::run::{Cmd, run_logged};

pub struct BuildContext<'a> {
    pub recipe: &'a Recipe,
    /// Covers all inputs of the build.
    pub fingerprint: &'a Fingerprint,
    pub toolchain: &'a Toolchain,
    pub compiler: &'a Compiler,
    pub launcher: &'a CmakeLauncher,
    pub simd_assembler: &'a SimdAssembler,
    /// Inherited by the tools' processes, so that it is held until the last one ends.
    pub lock: &'a Lock,
    /// Contains the source tree, the build and the log.
    pub work_dir: &'a Path,
    /// The final folder of the result, which is moved there when it is complete.
    pub output_dir: &'a Path,
}

impl BuildContext<'_> {
    pub fn log_file(&self) -> PathBuf {
        self.work_dir.join("build.log")
    }

    /// Starts a new log; the previous one is renamed to `build.log.before`.
    pub(crate) fn start_log(&self) -> Result<()> {
        let log = self.log_file();
        if log.exists() {
            fs::rename(&log, log.with_extension("log.before"))?;
        }
        Ok(())
    }

    pub(crate) fn cmake(&self, job: &CmakeJob, on_line: impl FnMut(&str)) -> Result<()> {
        let cmake = self.toolchain.cmake();
        let mut environment = vec![("CMAKE", cmake.as_path())];
        environment.extend(self.compiler.zig_cache_variables());
        self.launcher
            .run(job, &environment, self.lock, &self.log_file(), on_line)
    }

    /// Runs a tool that inherits the lock.
    pub(crate) fn run(&self, tool: Cmd<'_>) -> Result<()> {
        let mut tool = Command::from(restricted(tool, &[]));
        tool.envs(self.compiler.zig_cache_variables())
            .stdin(self.lock.inheritable_stdin()?);
        run_logged(&mut tool, &self.log_file(), |_| ())
    }

    /// A temporary folder next to the output folder, for an incomplete result.
    pub(crate) fn partial_dir(&self) -> Result<tempfile::TempDir> {
        temporary_dir_in(self.output_dir.parent().unwrap_or(Path::new(".")), PARTIAL_PREFIX)
    }
}
