//! The context of all benches: the build, its output, and the options.

use std::path::PathBuf;

use opencv_build::Sdk;
use package::function::Function;

use package::build::{ArchitectureSelection, Build};
use package::function_package::PackageArguments;

/// The count of repetitions in a thorough run and in a quick one.
pub type Repetitions = (usize, usize);

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Options {
    /// Repeat measurements only a few times: a check that the benches work, without usable figures
    #[arg(long, global = true)]
    pub quick: bool,

    /// The folder with photos to measure with in addition to the samples
    /// [default: shared/photos next to the project, if it exists]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub photos: Option<PathBuf>,

    /// Count instructions of this architecture only: x86_64 or arm64, or `all` for both. Everything else is measured on
    /// this machine's [default: all]
    #[arg(long, global = true, value_name = "ARCHITECTURE")]
    pub arch: Option<ArchitectureSelection>,

    #[command(flatten)]
    pub package: PackageArguments,
}

pub struct BenchContext {
    pub build: Build,
    pub sdk: Sdk,
    pub function: Function,
    pub options: Options,
}

impl BenchContext {
    pub fn results_dir(&self) -> PathBuf {
        self.function.package.workspace.target_dir().join("bench")
    }

    pub fn repetitions(&self, (thorough, quick): Repetitions) -> usize {
        if self.options.quick { quick } else { thorough }
    }
}
