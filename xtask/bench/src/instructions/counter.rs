//! The plugin that counts instructions, and the file in which it counts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use layer::Architecture;
use opencv_build::{Runner, Tools};
use support::run::{Shell, cmd, output};

const SOURCE: &str = include_str!("../../data/count_instructions.c");
/// The numbers in the file: one for each thread that a process ever has.
const MAX_THREADS: usize = 512;

/// Compiles the plugin in `folder` by the compiler of this machine's SDK.
pub fn build_plugin(tools: &Tools, folder: &Path) -> Result<PathBuf> {
    let (source, plugin) = (
        folder.join("count_instructions.c"),
        folder.join("count_instructions.so"),
    );
    fs::write(&source, SOURCE)?;
    let (sh, cc) = (Shell::new()?, tools.cc());
    // The emulator defines the plugin interface.
    output(cmd!(sh, "{cc} -std=c11 -O2 -fPIC -shared {source} -o {plugin}"))?;
    Ok(plugin)
}

/// The static emulators have no plugins.
pub fn emulator(architecture: Architecture) -> Result<PathBuf> {
    Runner::emulator_with_plugins(architecture).with_context(|| {
        format!("qemu-{architecture} is missing; install qemu's user-mode emulators (Debian: qemu-user)")
    })
}

/// The instructions of one process.
pub struct Counter(PathBuf);

impl Counter {
    /// A counter at zero.
    pub fn new(folder: &Path) -> Result<Self> {
        let file = folder.join("instructions");
        fs::write(&file, vec![0; MAX_THREADS * size_of::<u64>()])?;
        Ok(Self(file))
    }

    /// The emulator with the plugin, before a program's own command line.
    pub fn command(&self, architecture: Architecture, plugin: &Path) -> Result<Vec<OsString>> {
        let program = emulator(architecture)?;
        let plugin = format!("{},counts={}", plugin.display(), self.0.display());
        let processor = Runner::processor(architecture);
        Ok([
            program.into(),
            "-cpu".into(),
            processor.into(),
            "-plugin".into(),
            plugin.into(),
        ]
        .into())
    }

    /// The instructions so far, in millions.
    pub fn millions(&self) -> Result<f64> {
        let bytes = fs::read(&self.0)?;
        let mut sum = 0;
        for number in bytes.chunks_exact(size_of::<u64>()) {
            sum += u64::from_ne_bytes(number.try_into().context("eight bytes")?);
        }
        #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
        Ok(sum as f64 / 1e6)
    }
}
