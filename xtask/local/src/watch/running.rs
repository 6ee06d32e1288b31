//! A version of the function that runs under the emulator, from a copy of its program and assets.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use fs_err as fs;
use package::build::Build;
use package::function::PROGRAM_NAME;
use package::function_package::FunctionPackage;
use support::interruption::{Cleanup, scratch_dir};
use tempfile::TempDir;

use crate::emulator::Emulator;
use crate::launch::EMULATOR_LOG;
use crate::rie::Rie;
use crate::s3::S3Server;

pub(super) struct RunningFunction {
    // Fields are dropped in order: the emulator stops before its folder is removed.
    emulator: Emulator,
    package: FunctionPackage,
    program: ProgramVersion,
    log: PathBuf,
    _scratch: TempDir,
    _cleanup: Cleanup,
}

/// cargo does not write a program again that has not changed.
#[derive(PartialEq, Eq)]
struct ProgramVersion {
    modified: SystemTime,
    bytes: u64,
}

impl ProgramVersion {
    fn of(program: &Path) -> Result<Self> {
        let metadata = fs::metadata(program)?;
        Ok(Self {
            modified: metadata.modified()?,
            bytes: metadata.len(),
        })
    }
}

impl RunningFunction {
    /// Starts the program with the package's assets and variables, as in an image, and S3 at `storage`.
    pub(super) fn start(build: &Build, program: &Path, storage: &S3Server) -> Result<Self> {
        let package = &build.package;
        let version = ProgramVersion::of(program)?;
        let rie = Rie::for_host(&build.paths.toolchain_dir())?;
        let results = package.folder_in(package.workspace.target_dir().join("test-local"));
        let (scratch, cleanup) = scratch_dir(&results)?;
        let task_root = scratch.path().join("task");
        fs::create_dir(&task_root)?;
        let bootstrap = task_root.join(PROGRAM_NAME);
        fs::copy(program, &bootstrap)?;
        for asset in &package.assets {
            let to = task_root.join(&asset.path);
            fs::create_dir_all(to.parent().context("an asset has no folder")?)?;
            fs::copy(&asset.file, &to)?;
        }
        let environment = package.run_environment();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let emulator = Emulator::start((&rie, scratch.path()), storage, &environment, |launcher| {
            launcher.launch_command(&[bootstrap.into()], &task_root)
        })?;
        Ok(Self {
            emulator,
            package: package.clone(),
            program: version,
            log: scratch.path().join(EMULATOR_LOG),
            _scratch: scratch,
            _cleanup: cleanup,
        })
    }

    /// Whether this version has the same program and the same package, except for the content of assets.
    pub(super) fn is_same(&self, program: &Path, build: &Build) -> bool {
        let is_running = self.emulator.ensure_running().is_ok();
        let is_same_program = ProgramVersion::of(program).is_ok_and(|version| version == self.program);
        is_running && is_same_program && self.package == build.package && build.package.assets.is_empty()
    }

    /// The file with what the emulator and the function write.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Where events are posted.
    pub(super) fn url(&self) -> &str {
        &self.emulator.url
    }
}
