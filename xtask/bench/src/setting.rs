//! What every bench needs: the project, what was built of it, and how thoroughly to measure.

use std::path::PathBuf;

use layer::elf::FunctionBinary;
use opencv_build::Sdk;

use package::build::Build;

/// How often something is done in a thorough run, and in a quick one.
pub type Count = (usize, usize);

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

pub struct Setting {
    pub build: Build,
    pub sdk: Sdk,
    pub binary: FunctionBinary,
    pub options: Options,
}

impl Setting {
    pub fn folder(&self) -> PathBuf {
        self.build.workspace.target().join("bench")
    }

    pub fn count(&self, (thorough, quick): Count) -> usize {
        if self.options.quick { quick } else { thorough }
    }
}
