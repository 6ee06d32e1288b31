//! Writes the artefacts: images of the SDK and of the function, and a zip archive of the function. The commands `image`
//! and `zip` and all tests use these functions, so that the tested artefacts are those that are shipped.

pub mod annotations;
pub mod base;
pub mod lint;
pub mod source_date;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use layer::zip::Zip;
use layer::{Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode, check_scratch, glibc};
use opencv_build::Sdk;
use support::lock::Lock;
use support::progress::print_status;

use self::base::Base;
use crate::sbom::{self, ArtefactKind, Sbom, Subject};
use crate::workspace::Workspace;
use support::atomic;

/// The path of the function's binary in its image: in Lambda's task root.
pub const BOOTSTRAP_PATH: &str = "/var/task/bootstrap";

pub const FUNCTION_NAME: &str = "face-detect";

pub struct WrittenImage {
    pub layout: Layout,
    pub archive: PathBuf,
    /// The name of the image in a container engine that loads the archive.
    pub reference: String,
    /// The SPDX document.
    pub sbom: PathBuf,
}

pub struct WrittenImages {
    pub sdk: WrittenImage,
    pub function: WrittenImage,
}

impl WrittenImages {
    pub fn all(&self) -> [&WrittenImage; 2] {
        [&self.sdk, &self.function]
    }
}

/// Writes both images, the function's on `base`, to [`output_dir`].
pub fn write_images(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary, base: &Base) -> Result<WrittenImages> {
    let folder = output_dir(workspace, sdk);
    let _lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let reference = format!("{FUNCTION_NAME}:latest");
    Ok(WrittenImages {
        sdk: write_sdk_image(&folder, workspace, sdk)?,
        function: write_function_image(&folder, &reference, workspace, sdk, binary, base)?,
    })
}

pub fn output_dir(workspace: &Workspace, sdk: &Sdk) -> PathBuf {
    let architecture = sdk.manifest().target.architecture;
    workspace.target_dir().join("image").join(architecture.name())
}

/// The SDK in `/opt/opencv`, as a base for builds.
pub fn write_sdk_image(folder: &Path, workspace: &Workspace, sdk: &Sdk) -> Result<WrittenImage> {
    let mut tree = FileTree::new();
    tree.add_folder("opt/opencv", sdk.path())?;
    let manifest = sdk.manifest();
    let what = format!("OpenCV {} as static libraries", manifest.version);
    let mut config = ImageConfig::new("opencv-sdk", manifest.target.architecture);
    config.annotations = annotations::oci_annotations(workspace, &config.name, &what, &manifest.version)?;
    // Container engines show labels, but not annotations.
    config.labels.clone_from(&config.annotations);
    let sbom = sbom::sdk_sbom(sdk)?;
    tree.add_tree(sbom.license_tree()?)?;
    let layers = [(tree, what.as_str())];
    write(folder, "opencv-sdk:latest", &config, None, &layers, &sbom)
}

/// The function on a base. The libraries of the base `minimal` are a separate layer, which does not change with the
/// function. `reference` is the image's name in a container engine that loads the archive.
pub fn write_function_image(
    folder: &Path,
    reference: &str,
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    base: &Base,
) -> Result<WrittenImage> {
    let mut layers = Vec::new();
    let mut libraries = FileTree::new();
    let opened = base.open(binary)?;
    match base {
        Base::Minimal => {
            libraries = glibc::required_libraries(binary)?;
            check_glibc(binary, &libraries)?;
            layers.push((libraries.clone(), "shared libraries of the build machine's glibc"));
        }
        Base::Scratch => check_scratch(binary)?,
        Base::Image(_) => {}
    }
    let mut sbom = sbom::function_sbom(workspace, sdk, binary, &libraries)?;
    let mut function = function_tree(BOOTSTRAP_PATH, binary)?;
    function.add_tree(sbom.license_tree()?)?;
    layers.push((function, "the function face-detect and licences"));

    let mut config = ImageConfig::new(FUNCTION_NAME, sdk.manifest().target.architecture);
    config.entrypoint = vec![BOOTSTRAP_PATH.to_owned()];
    config.working_dir = Some("/var/task".to_owned());
    // Lambda overrides the user; elsewhere this prevents running as root.
    config.user = Some("65532:65532".to_owned());
    let what = "Finds faces and eyes in photos, as an AWS Lambda function";
    let version = env!("CARGO_PKG_VERSION");
    config.annotations = annotations::oci_annotations(workspace, FUNCTION_NAME, what, version)?;
    if let Some(base) = &opened {
        config.annotations.extend(base.annotations());
        sbom.set_base_image(base.name(), base.layout.image().digest())?;
    }
    config.labels.clone_from(&config.annotations);
    let below = opened.as_ref().map(|base| &base.layout);
    write(folder, reference, &config, below, &layers, &sbom)
}

/// The function as a zip archive for the runtime `provided.al2023`, in [`output_dir`].
pub fn write_function_zip(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<(PathBuf, Zip)> {
    let folder = output_dir(workspace, sdk);
    let _lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let path = folder.join(format!("{FUNCTION_NAME}.zip"));
    // Lambda starts the file of this name; the runtime provides the libraries.
    let tree = function_tree("/bootstrap", binary)?;
    let time = source_date::source_date_epoch()?;
    let zip = Zip::write(&tree, time, &path)?;
    let subject = Subject {
        name: FUNCTION_NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: zip.digest,
        file_name: format!("{FUNCTION_NAME}.zip"),
        kind: ArtefactKind::Archive,
    };
    let sbom = sbom::function_sbom(workspace, sdk, binary, &FileTree::new())?;
    let document = sbom::document(&sbom, &[&tree], &subject, time)?;
    atomic::write(&folder.join(format!("{FUNCTION_NAME}.zip.spdx.json")), &document)?;
    Ok((path, zip))
}

pub fn function_tree(path: &str, binary: &FunctionBinary) -> Result<FileTree> {
    let mut tree = FileTree::new();
    let content = Content::File(binary.path().to_owned());
    tree.add(path.trim_start_matches('/'), content, Mode::Program)?;
    Ok(tree)
}

/// Fails if the packaged glibc is older than the function requires.
fn check_glibc(binary: &FunctionBinary, libraries: &FileTree) -> Result<()> {
    let Some((needed, _)) = &binary.elf().required_glibc else {
        return Ok(());
    };
    let found = glibc::release(libraries)?;
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
    base: Option<&Layout>,
    layers: &[(FileTree, &str)],
    sbom: &Sbom,
) -> Result<WrittenImage> {
    let time = source_date::source_date_epoch()?;
    let mut layout = LayoutWriter::new(folder, time)?;
    if let Some(base) = base {
        layout.set_base(base).context("failed to add the base image's layers")?;
    }
    for (tree, created_by) in layers {
        layout.add_layer(tree, created_by)?;
    }
    let layout = layout.finish(config, &folder.join(&config.name))?;
    let archive = folder.join(format!("{}.tar", config.name));
    layout.write_archive(&archive, reference)?;
    let version = config.annotations.get("org.opencontainers.image.version");
    let subject = Subject {
        name: config.name.clone(),
        version: version.cloned().unwrap_or_default(),
        digest: layout.image().digest(),
        file_name: format!("{}.tar", config.name),
        kind: ArtefactKind::Image,
    };
    let path = folder.join(format!("{}.spdx.json", config.name));
    let trees: Vec<_> = layers.iter().map(|(tree, _)| tree).collect();
    // Not in the image: registries and Lambda do not use it.
    atomic::write(&path, &sbom::document(sbom, &trees, &subject, time)?)?;
    Ok(WrittenImage {
        layout,
        archive,
        reference: reference.to_owned(),
        sbom: path,
    })
}
