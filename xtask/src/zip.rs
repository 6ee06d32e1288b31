//! `cargo xtask zip`: the function as a zip archive for the runtime `provided.al2023`.

use std::path::PathBuf;

use anyhow::Result;
use layer::zip::Zip;
use serde::Serialize;

use opencv_build::target::Architecture;
use package::build_function::built;
use package::build_opencv::Arguments;
use package::pack::{self, checked::check};
use package::workspace::Workspace;
use support::answer::{Answer, path, size};

/// The archive.
#[derive(Serialize)]
pub struct ZipAnswer {
    path: PathBuf,
    architecture: Architecture,
    #[serde(flatten)]
    zip: Zip,
}

/// Writes it and checks it against Lambda's rules.
pub fn run(arguments: &Arguments) -> Result<ZipAnswer> {
    let workspace = Workspace::find();
    let (sdk, binary) = built(&workspace, arguments)?;
    let (path, zip) = pack::function_zip(&workspace, &sdk, &binary)?;
    let architecture = sdk.manifest().target.architecture;
    check(&path, architecture, true)?;
    Ok(ZipAnswer {
        path,
        architecture,
        zip,
    })
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
