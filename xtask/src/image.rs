//! `cargo xtask image`: writes the SDK and a function as container images, each as an OCI layout folder and as one
//! tar archive, without a container engine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::registry::{fetch_base, push, push_index};
use layer::Digest;
use opencv_build::Architecture;
use package::artefacts::base::Base;
use package::artefacts::lint::check_artefact;
use package::artefacts::{WrittenImage, WrittenImages, write_images};
use package::build::{self, Build};
use package::build_function::build_function;
use package::competitors::{self, Measure};
use support::files::file_size;
use support::output::{CommandOutput, display_path, format_bytes, format_table, print};

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// The base of the function's image: `minimal` (the shared libraries that it needs), `scratch` (nothing), or an
    /// image, such as public.ecr.aws/lambda/provided:al2023, or its layout folder
    #[arg(long, default_value = "minimal", value_name = "BASE")]
    pub base: Base,

    /// Push the function's image to this reference, REGISTRY/NAME:TAG
    #[arg(long, value_name = "REF")]
    pub push: Option<String>,

    /// Access this registry by plain HTTP, for the base and for `--push`; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,
}

#[derive(Serialize)]
struct ImagesOutput {
    images: Vec<ImageOutput>,
    /// What was pushed to a registry: the function's image, or those of all architectures with an index.
    pushed: Option<Pushed>,
    /// A sentence that compares the function's image with another; empty if there is none.
    #[serde(skip)]
    comparison: String,
}

#[derive(Serialize)]
struct Pushed {
    reference: String,
    digest: Digest,
    /// The images of an index, by architecture: Lambda takes one of these, and no index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<IndexedImage>,
}

#[derive(Serialize)]
struct IndexedImage {
    architecture: Architecture,
    digest: Digest,
}

#[derive(Serialize)]
struct ImageOutput {
    name: String,
    digest: Digest,
    layout: PathBuf,
    archive: PathBuf,
    sbom: PathBuf,
    architecture: Architecture,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
    layers: Vec<LayerOutput>,
}

#[derive(Serialize)]
struct LayerOutput {
    digest: Digest,
    compressed_bytes: u64,
    uncompressed_bytes: u64,
    created_by: String,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let builds = Build::read_all(&arguments.build)?;
    // What is missing is reported before anything is built.
    let mut bases = BTreeMap::new();
    for build in &builds {
        let architecture = build.recipe.target.architecture;
        let base = fetch_base(&arguments.base, &build.workspace, architecture, &arguments.plain_http)?;
        match &base {
            Base::Minimal => drop(build.sysroot.root()?),
            Base::Scratch => {}
            Base::Image(image) => image.require_architecture(architecture)?,
        }
        bases.insert(architecture, base);
    }
    let written = build::for_each(&builds, |build| {
        let architecture = build.recipe.target.architecture;
        Ok((architecture, write(build, &bases[&architecture])?))
    })?;
    let written: Vec<_> = written.0.into_iter().map(|(_, written)| written).collect();
    let pushed = arguments.push.as_ref();
    let pushed = pushed.map(|reference| push_images(&written, reference, &arguments.plain_http));
    let mut comparison = String::new();
    if let [(_, only)] = written.as_slice() {
        let image = only.function.layout.image();
        comparison = compare_with_reference(image.name(), image.uncompressed_bytes())?;
    }
    let images = written
        .iter()
        .flat_map(|(architecture, written)| written.all().map(|image| describe(image, *architecture)));
    let output = ImagesOutput {
        images: images.collect(),
        pushed: pushed.transpose()?,
        comparison,
    };
    print(&output, json)
}

fn write(build: &Build, base: &Base) -> Result<WrittenImages> {
    let (sdk, function) = build_function(build)?;
    let architecture = function.architecture();
    let written = write_images(&build.workspace, &sdk, &function, base)?;
    check_artefact(written.sdk.layout.path(), architecture, false)?;
    check_artefact(written.function.layout.path(), architecture, true)?;
    Ok(written)
}

/// Pushes the function's image, or those of several architectures with an index.
fn push_images(written: &[(Architecture, WrittenImages)], reference: &str, plain_http: &[String]) -> Result<Pushed> {
    let layouts = written
        .iter()
        .map(|(_, written)| written.function.layout.path().to_owned());
    let layouts: Vec<_> = layouts.collect();
    let reference = reference.to_owned();
    if let [only] = layouts.as_slice() {
        return Ok(Pushed {
            digest: push(only, &reference, plain_http)?,
            reference,
            images: Vec::new(),
        });
    }
    let (digest, images) = push_index(&layouts, &reference, plain_http)?;
    let images = written.iter().zip(images);
    let images = images.map(|((architecture, _), digest)| IndexedImage {
        architecture: *architecture,
        digest,
    });
    Ok(Pushed {
        digest,
        reference,
        images: images.collect(),
    })
}

fn describe(written: &WrittenImage, architecture: Architecture) -> ImageOutput {
    let image = written.layout.image();
    let layers = image.layers().iter().map(|layer| LayerOutput {
        digest: layer.digest,
        compressed_bytes: layer.compressed_bytes,
        uncompressed_bytes: layer.uncompressed_bytes,
        created_by: layer.created_by.clone(),
    });
    ImageOutput {
        name: image.name().to_owned(),
        digest: image.digest(),
        layout: written.layout.path().to_owned(),
        archive: written.archive.clone(),
        sbom: written.sbom.clone(),
        architecture,
        compressed_bytes: image.compressed_bytes(),
        uncompressed_bytes: image.uncompressed_bytes(),
        layers: layers.collect(),
    }
}

impl CommandOutput for ImagesOutput {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for image in &self.images {
            text += &format!(
                "{} for {}  {}\n  layout   {}\n  archive  {} ({})\n  SBOM     {}\n",
                image.name,
                image.architecture.lambda_name(),
                image.digest,
                display_path(&image.layout),
                display_path(&image.archive),
                format_bytes(file_size(&image.archive).unwrap_or_default()),
                display_path(&image.sbom),
            );
            let head = ["  layer", "compressed", "uncompressed"].map(str::to_owned);
            let mut rows = vec![head.to_vec()];
            rows.extend(image.layers.iter().map(|layer| {
                let name = format!("  {}", layer.created_by);
                vec![
                    name,
                    format_bytes(layer.compressed_bytes),
                    format_bytes(layer.uncompressed_bytes),
                ]
            }));
            let total = [
                format_bytes(image.compressed_bytes),
                format_bytes(image.uncompressed_bytes),
            ];
            rows.push([&["  image".to_owned()], total.as_slice()].concat());
            text += &format_table(&rows);
            text.push('\n');
        }
        text += &self.comparison;
        if let Some(pushed) = &self.pushed {
            let (reference, digest) = (&pushed.reference, pushed.digest);
            text += &format!("\npushed to {reference}\n{digest}");
            if !pushed.images.is_empty() {
                text += "  the index; Lambda takes one of its images, by digest:";
            }
            for image in &pushed.images {
                text += &format!("\n{}  {}", image.digest, image.architecture.lambda_name());
            }
        }
        text
    }
}

/// A sentence that compares the function's image with the first one in the competitors' table that does the same; empty
/// if there is none.
fn compare_with_reference(name: &str, uncompressed_bytes: u64) -> Result<String> {
    let artefact = format!("image {name}");
    let mut figures = competitors::competitor_sizes()?.into_iter();
    let Some(theirs) = figures.find(|peer| peer.artefact == artefact && peer.measure == Measure::Uncompressed) else {
        return Ok(String::new());
    };
    #[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
    let ratio = theirs.bytes as f64 / uncompressed_bytes.max(1) as f64;
    Ok(format!(
        "{name} is {}; {} was {}, {ratio:.0} times that.",
        format_bytes(uncompressed_bytes),
        theirs.name,
        format_bytes(theirs.bytes),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_with_a_competitor_are_compared() {
        let sentence = compare_with_reference("face-detect", 7_120_000).unwrap();
        assert!(
            sentence.starts_with("face-detect is 7.12 MB; ") && sentence.contains("100 times"),
            "{sentence}"
        );
        assert_eq!(compare_with_reference("another", 7_120_000).unwrap(), "");
    }
}
