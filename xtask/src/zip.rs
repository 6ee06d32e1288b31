//! `cargo xtask zip`: the function as a zip archive for the runtime `provided.al2023`.

use std::path::PathBuf;

use anyhow::Result;
use layer::zip::Zip;
use serde::Serialize;

use opencv_build::Architecture;
use package::build::{Arguments, Build};
use package::build_function::built;
use package::pack::{self, checked::check};
use support::answer::{Answer, path, print, size};

#[derive(Serialize)]
struct ZipAnswer {
    path: PathBuf,
    architecture: Architecture,
    #[serde(flatten)]
    zip: Zip,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(arguments)?;
    let (sdk, binary) = built(&build)?;
    let (path, zip) = pack::function_zip(&build.workspace, &sdk, &binary)?;
    let architecture = build.recipe.target.architecture;
    check(&path, architecture, true)?;
    let answer = ZipAnswer {
        path,
        architecture,
        zip,
    };
    print(&answer, json)
}

impl Answer for ZipAnswer {
    fn text(&self) -> String {
        format!(
            "{}  {}\n  {} ({} unpacked), for the runtime provided.al2023 on {}",
            path(&self.path),
            self.zip.digest,
            size(self.zip.packed_bytes),
            size(self.zip.unpacked_bytes),
            self.architecture,
        )
    }
}
