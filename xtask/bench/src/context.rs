//! What every bench needs: the project, what was built of it, and how thoroughly to measure.

use std::path::PathBuf;

use layer::elf::FunctionBinary;
use opencv_build::Sdk;

use package::build::Build;

/// How often something is done in a thorough run, and in a quick one.
pub type Repetitions = (usize, usize);

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Options {
    /// Measure few times: to see that all of it works, and not for figures
    #[arg(long, global = true)]
    pub quick: bool,

    /// The folder with photos to measure on besides OpenCV's samples
    /// [default: shared/photos beside the project, if it is there]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub photos: Option<PathBuf>,
}

pub struct BenchContext {
    pub build: Build,
    pub sdk: Sdk,
    pub binary: FunctionBinary,
    pub options: Options,
}

impl BenchContext {
    pub fn results_dir(&self) -> PathBuf {
        self.build.workspace.target_dir().join("bench")
    }

    pub fn repetitions(&self, (thorough, quick): Repetitions) -> usize {
        if self.options.quick { quick } else { thorough }
    }
}
