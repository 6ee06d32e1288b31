//! `cargo xtask export`: copies the SDK with its tools into a folder with which other projects build.

use std::path::PathBuf;

use anyhow::Result;
use opencv_build::{CARGO_CONFIG_FILE, DOCKERFILE, ENVIRONMENT_FILE};
use serde::Serialize;

use package::build::{self, Build};
use support::files::{all_files, file_size};
use support::output::{CommandOutput, format_bytes, print};

#[derive(clap::Args, Clone, Debug)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    /// The folder to write: a new or an empty one
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    build: build::Arguments,
}

#[derive(Serialize)]
struct ExportOutput {
    path: PathBuf,
    fingerprint: String,
    bytes: u64,
    environment: PathBuf,
    cargo_config: PathBuf,
    dockerfile: PathBuf,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let sdk = opencv_build::export(&build.build_sdk()?, build.tools()?, &arguments.folder)?;
    let sizes = all_files(sdk.path())?.into_iter().map(|file| file_size(&file));
    let output = ExportOutput {
        path: sdk.path().to_owned(),
        fingerprint: sdk.manifest().fingerprint.to_string(),
        bytes: sizes.sum::<Result<u64>>()?,
        environment: sdk.path().join(ENVIRONMENT_FILE),
        cargo_config: sdk.path().join(CARGO_CONFIG_FILE),
        dockerfile: sdk.path().join(DOCKERFILE),
    };
    print(&output, json)
}

impl CommandOutput for ExportOutput {
    fn to_text(&self) -> String {
        format!(
            "The SDK and its tools are in {} ({}).\n  for shells   . {}\n  for cargo    cp {} .cargo/config.toml\n  \
             an example   {}",
            self.path.display(),
            format_bytes(self.bytes),
            self.environment.display(),
            self.cargo_config.display(),
            self.dockerfile.display(),
        )
    }
}
