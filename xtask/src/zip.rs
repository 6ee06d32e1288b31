//! `cargo xtask zip`: writes a function as a zip archive for the runtime `provided.al2023`.

use std::path::PathBuf;

use anyhow::Result;
use layer::zip::Zip;
use serde::Serialize;

use opencv_build::Architecture;
use package::artefacts::{self, lint::check_artefact};
use package::build::{self, Arguments, Build};
use package::build_function::build_function;
use support::output::{CommandOutput, display_path, format_bytes, print};

#[derive(Serialize)]
struct ZipOutput {
    path: PathBuf,
    architecture: Architecture,
    #[serde(flatten)]
    zip: Zip,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let builds = Build::read_all(arguments)?;
    print(&build::for_each(&builds, write)?, json)
}

fn write(build: &Build) -> Result<ZipOutput> {
    let (sdk, function) = build_function(build)?;
    let (path, zip) = artefacts::write_function_zip(&sdk, &function)?;
    let architecture = build.recipe.target.architecture;
    check_artefact(&path, architecture, true)?;
    Ok(ZipOutput {
        path,
        architecture,
        zip,
    })
}

impl CommandOutput for ZipOutput {
    fn to_text(&self) -> String {
        format!(
            "{}  {}\n  {} ({} uncompressed), for the runtime provided.al2023 on {}",
            display_path(&self.path),
            self.zip.digest,
            format_bytes(self.zip.compressed_bytes),
            format_bytes(self.zip.uncompressed_bytes),
            self.architecture,
        )
    }
}
