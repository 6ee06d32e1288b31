//! `cargo xtask image`: the SDK and the function as container images, each as an OCI layout folder
//! and as one tar archive, without a container engine.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::registry::{fetched, push};
use layer::Digest;
use opencv_build::Architecture;
use package::build::{self, Build};
use package::build_function::built;
use package::pack::base::Base;
use package::pack::checked::check;
use package::pack::{FUNCTION, Written, images};
use package::peers;
use support::answer::{Answer, path, print, size, table};
use support::files::file_size;

/// What the image is compared with, by its name among the peers of size reports: that of 2020.
const PEER: &str = "the Python image of the same function";

#[derive(clap::Args, Clone, Debug, Default)]
// Two structs of the same name would be one group of options.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// What the function is put on: `minimal` (the shared libraries that it needs), `scratch` (nothing), or
    /// an image, such as public.ecr.aws/lambda/provided:al2023, or its layout folder
    #[arg(long, default_value = "minimal", value_name = "BASE")]
    pub base: Base,

    /// Push the function's image to this reference, REGISTRY/NAME:TAG
    #[arg(long, value_name = "REF")]
    pub push: Option<String>,
}

#[derive(Serialize)]
struct ImagesAnswer {
    images: Vec<ImageAnswer>,
    pushed: Option<Pushed>,
}

#[derive(Serialize)]
struct Pushed {
    reference: String,
    digest: Digest,
}

#[derive(Serialize)]
struct ImageAnswer {
    name: String,
    digest: Digest,
    layout: PathBuf,
    archive: PathBuf,
    bill: PathBuf,
    architecture: Architecture,
    packed_bytes: u64,
    unpacked_bytes: u64,
    layers: Vec<LayerAnswer>,
}

#[derive(Serialize)]
struct LayerAnswer {
    digest: Digest,
    packed_bytes: u64,
    unpacked_bytes: u64,
    created_by: String,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let (sdk, binary) = built(&build)?;
    let workspace = &build.workspace;
    let architecture = build.recipe.target.architecture;
    let base = fetched(&arguments.base, workspace, architecture)?;
    let written = images(workspace, &sdk, &binary, &base)?;
    check(written.sdk.layout.path(), architecture, false)?;
    check(written.function.layout.path(), architecture, true)?;
    let pushed = match &arguments.push {
        None => None,
        Some(reference) => Some(Pushed {
            digest: push(written.function.layout.path(), reference)?,
            reference: reference.clone(),
        }),
    };
    let all = written.all();
    let images = all.map(|image| describe(image, architecture));
    let answer = ImagesAnswer {
        images: images.into(),
        pushed,
    };
    print(&answer, json)
}

fn describe(written: &Written, architecture: Architecture) -> ImageAnswer {
    let image = written.layout.image();
    let layers = image.layers().iter().map(|layer| LayerAnswer {
        digest: layer.digest,
        packed_bytes: layer.packed_bytes,
        unpacked_bytes: layer.unpacked_bytes,
        created_by: layer.created_by.clone(),
    });
    ImageAnswer {
        name: image.name().to_owned(),
        digest: image.digest(),
        layout: written.layout.path().to_owned(),
        archive: written.archive.clone(),
        bill: written.bill.clone(),
        architecture,
        packed_bytes: image.packed_bytes(),
        unpacked_bytes: image.unpacked_bytes(),
        layers: layers.collect(),
    }
}

impl Answer for ImagesAnswer {
    fn text(&self) -> String {
        let mut text = String::new();
        for image in &self.images {
            text += &format!(
                "{}  {}\n  layout   {}\n  archive  {} ({})\n  bill     {}\n",
                image.name,
                image.digest,
                path(&image.layout),
                path(&image.archive),
                size(file_size(&image.archive).unwrap_or_default()),
                path(&image.bill),
            );
            let head = ["  layer", "packed", "unpacked"].map(str::to_owned);
            let mut rows = vec![head.to_vec()];
            rows.extend(image.layers.iter().map(|layer| {
                let name = format!("  {}", layer.created_by);
                vec![name, size(layer.packed_bytes), size(layer.unpacked_bytes)]
            }));
            let total = [size(image.packed_bytes), size(image.unpacked_bytes)];
            rows.push([&["  image".to_owned()], total.as_slice()].concat());
            text += &table(&rows);
            text.push('\n');
        }
        if let Some(image) = self.images.iter().find(|image| image.name == FUNCTION) {
            text += &compare(image.unpacked_bytes);
        }
        if let Some(Pushed { reference, digest }) = &self.pushed {
            text += &format!("\npushed to {reference}\n{digest}");
        }
        text
    }
}

/// How an image compares with the one of 2020; nothing if that is no longer among the peers.
fn compare(unpacked_bytes: u64) -> String {
    let figures = peers::figures().unwrap_or_default();
    let Some(theirs) = figures.into_iter().find(|peer| peer.name == PEER) else {
        return String::new();
    };
    let theirs = theirs.bytes;
    #[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
    let ratio = theirs as f64 / unpacked_bytes.max(1) as f64;
    format!(
        "face-detect is {}; {PEER} was {}, {ratio:.0} times that.",
        size(unpacked_bytes),
        size(theirs),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_is_a_ratio() {
        assert!(
            compare(7_120_000).contains("100 times"),
            "{}",
            compare(7_120_000)
        );
    }
}
