//! `cargo xtask image`: the SDK and the function as container images, each as an OCI layout folder
//! and as one tar archive, without a container engine.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use layer::elf::{FunctionBinary, Glibc};
use layer::{Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode, glibc};
use opencv_build::lock::Lock;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde::Serialize;

use crate::answer::{Answer, path, size, table};
use crate::build_function::{built, file_size};
use crate::build_opencv::Arguments;
use crate::workspace::Workspace;

/// The size of the image that the Python original made of the same function in 2020, in bytes:
/// AWS's base for Python 3.8 with OpenCV in it.
const PYTHON_IMAGE: u64 = 712_000_000;

/// Where the function's binary lies in its image: the folder that Lambda calls the task root.
pub const BOOTSTRAP: &str = "/var/task/bootstrap";

/// The images.
#[derive(Serialize)]
pub struct ImagesAnswer {
    images: Vec<ImageAnswer>,
}

/// An image.
#[derive(Serialize)]
pub struct ImageAnswer {
    name: String,
    digest: String,
    layout: PathBuf,
    archive: PathBuf,
    architecture: String,
    packed_bytes: u64,
    unpacked_bytes: u64,
    layers: Vec<LayerAnswer>,
}

/// A layer.
#[derive(Serialize)]
struct LayerAnswer {
    digest: String,
    packed_bytes: u64,
    unpacked_bytes: u64,
    created_by: String,
}

/// An image that was written.
pub struct Written {
    /// Its layout.
    pub layout: Layout,
    /// Its archive.
    pub archive: PathBuf,
    /// What an engine that loads the archive calls it.
    pub reference: String,
}

/// Writes both images.
pub fn run(arguments: &Arguments) -> Result<ImagesAnswer> {
    let workspace = Workspace::find();
    let (sdk, binary) = built(&workspace, arguments)?;
    let architecture = sdk.manifest().target.architecture.name();
    let images = written(&workspace, &sdk, &binary)?;
    let images = images.iter().map(|written| describe(written, architecture));
    Ok(ImagesAnswer {
        images: images.collect::<Result<_>>()?,
    })
}

/// Both images, written.
pub fn written(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<[Written; 2]> {
    let architecture = sdk.manifest().target.architecture;
    let folder = workspace.target().join("image").join(architecture.name());
    let _lock = Lock::take(&folder.join("lock"), tell)?;
    Ok([
        sdk_image(&folder, sdk)?,
        function_image(&folder, "face-detect:latest", sdk, binary)?,
    ])
}

/// The SDK below `/opt/opencv`, for others to build against.
fn sdk_image(folder: &Path, sdk: &Sdk) -> Result<Written> {
    let mut tree = FileTree::new();
    tree.add_folder("opt/opencv", sdk.path())?;
    let manifest = sdk.manifest();
    let what = format!("OpenCV {} as static libraries", manifest.version);
    let mut config = ImageConfig::new("opencv-sdk", manifest.target.architecture.name());
    config
        .labels
        .insert("org.opencontainers.image.title".into(), what.clone());
    write(folder, "opencv-sdk:latest", &config, &[(tree, &what)])
}

/// The function and the libraries that it needs, and nothing else. The libraries are a layer of
/// their own, which stays the same when the function changes. An engine that loads the archive
/// calls the image `reference`.
pub fn function_image(
    folder: &Path,
    reference: &str,
    sdk: &Sdk,
    binary: &FunctionBinary,
) -> Result<Written> {
    let libraries = glibc::needed_by(binary)?;
    check_glibc(binary, &libraries)?;
    let mut function = FileTree::new();
    let path = BOOTSTRAP.trim_start_matches('/');
    function.add(path, Content::File(binary.path().to_owned()), Mode::Program)?;

    let mut config = ImageConfig::new("face-detect", sdk.manifest().target.architecture.name());
    config.entrypoint = vec![BOOTSTRAP.to_owned()];
    config.working_folder = Some("/var/task".to_owned());
    // Lambda runs every function as a user of its own; elsewhere this keeps it from being root.
    config.user = Some("65532:65532".to_owned());
    let layers = [
        (libraries, "shared libraries of the build machine's glibc"),
        (function, "the function face-detect"),
    ];
    write(folder, reference, &config, &layers)
}

/// Refuses to pack a glibc that is older than what the function asks for.
fn check_glibc(binary: &FunctionBinary, libraries: &FileTree) -> Result<()> {
    let Some((needed, _)) = &binary.elf().needs_glibc else {
        return Ok(());
    };
    let found: Option<Glibc> = glibc::release(libraries)?;
    ensure!(
        found.is_some_and(|found| found >= *needed),
        "this machine's glibc {} is older than the {needed} that `{}` needs; build on a newer \
         machine",
        found.map_or("(none)".to_owned(), |found| found.to_string()),
        binary.path().display()
    );
    Ok(())
}

fn write(
    folder: &Path,
    reference: &str,
    config: &ImageConfig,
    layers: &[(FileTree, &str)],
) -> Result<Written> {
    let mut layout = LayoutWriter::new(folder, source_date_epoch()?)?;
    for (tree, created_by) in layers {
        layout.add_layer(tree, created_by)?;
    }
    let layout = layout.finish(config, &folder.join(&config.name))?;
    let archive = folder.join(format!("{}.tar", config.name));
    layout.write_archive(&archive, reference)?;
    Ok(Written {
        layout,
        archive,
        reference: reference.to_owned(),
    })
}

/// The time that every file and document gets: what `SOURCE_DATE_EPOCH` says, or 1970. See
/// <https://reproducible-builds.org/specs/source-date-epoch/>.
fn source_date_epoch() -> Result<u64> {
    match env::var("SOURCE_DATE_EPOCH") {
        Err(_) => Ok(0),
        Ok(text) => text.parse().with_context(|| {
            format!("SOURCE_DATE_EPOCH is `{text}`; it must be seconds since 1970")
        }),
    }
}

/// An image as the answer has it.
fn describe(written: &Written, architecture: &str) -> Result<ImageAnswer> {
    let image = written.layout.image();
    let layers = image.layers().iter().map(|layer| LayerAnswer {
        digest: layer.digest.clone(),
        packed_bytes: layer.packed_bytes,
        unpacked_bytes: layer.unpacked_bytes,
        created_by: layer.created_by.clone(),
    });
    Ok(ImageAnswer {
        name: image.name().to_owned(),
        digest: image.digest().to_owned(),
        layout: written.layout.path().to_owned(),
        archive: written.archive.clone(),
        architecture: architecture.to_owned(),
        packed_bytes: image.packed_bytes(),
        unpacked_bytes: image.unpacked_bytes(),
        layers: layers.collect(),
    })
}

impl Answer for ImagesAnswer {
    fn text(&self) -> String {
        let mut text = String::new();
        for image in &self.images {
            text += &format!(
                "{}  {}\n  layout   {}\n  archive  {} ({})\n",
                image.name,
                image.digest,
                path(&image.layout),
                path(&image.archive),
                size(file_size(&image.archive).unwrap_or_default()),
            );
            let mut rows = vec![
                ["  layer", "packed", "unpacked"]
                    .map(str::to_owned)
                    .to_vec(),
            ];
            rows.extend(image.layers.iter().map(|layer| {
                let name = format!("  {}", layer.created_by);
                vec![name, size(layer.packed_bytes), size(layer.unpacked_bytes)]
            }));
            let total = [size(image.packed_bytes), size(image.unpacked_bytes)];
            rows.push([&["  image".to_owned()], total.as_slice()].concat());
            text += &table(&rows);
            text.push('\n');
        }
        if let Some(image) = self.images.iter().find(|image| image.name == "face-detect") {
            text += &compare(image.unpacked_bytes);
        }
        text
    }
}

/// How an image compares with the one of 2020.
fn compare(unpacked_bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let share = PYTHON_IMAGE as f64 / unpacked_bytes.max(1) as f64;
    format!(
        "face-detect is {}; the Python image of the same function was {}, {share:.0} times that.",
        size(unpacked_bytes),
        size(PYTHON_IMAGE),
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
