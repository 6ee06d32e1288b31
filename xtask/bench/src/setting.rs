//! What every bench needs: the project, what was built of it, and how thoroughly to measure.

use std::path::PathBuf;

use anyhow::Result;
use layer::elf::FunctionBinary;
use opencv_build::sdk::Sdk;

use package::build_function::built;
use package::build_opencv;
use package::workspace::Workspace;

/// How to measure.
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

/// What is measured.
pub struct Setting {
    /// The project.
    pub workspace: Workspace,
    /// The SDK.
    pub sdk: Sdk,
    /// The function.
    pub binary: FunctionBinary,
    /// How.
    pub options: Options,
}

impl Setting {
    /// Builds what is not built yet.
    pub fn new(workspace: Workspace, options: &Options) -> Result<Self> {
        let (sdk, binary) = built(&workspace, &build_opencv::Arguments::default())?;
        Ok(Self {
            workspace,
            sdk,
            binary,
            options: options.clone(),
        })
    }

    /// Below the target folder: what benches keep for themselves.
    pub fn folder(&self) -> PathBuf {
        self.workspace.target().join("bench")
    }

    /// One number for a thorough run, another for a quick one.
    pub fn count(&self, thorough: usize, quick: usize) -> usize {
        if self.options.quick { quick } else { thorough }
    }
}
