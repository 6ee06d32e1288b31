//! What is packed, and how: the SDK and the function as images, the function as a zip archive. The
//! verbs `image` and `zip` and all that tries an image make them here, so that what is tried is
//! what is shipped.

pub mod annotations;
pub mod base;
pub mod checked;
pub mod date;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use layer::zip::Zip;
use layer::{Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode, check_scratch, glibc};
use opencv_build::Sdk;
use support::lock::Lock;
use support::progress::tell;

use self::base::Base;
use crate::sbom::{self, Bill, Form, Subject};
use crate::workspace::Workspace;
use support::atomic;

/// Where the function's binary lies in its image: the folder that Lambda calls the task root.
pub const BOOTSTRAP: &str = "/var/task/bootstrap";

pub const FUNCTION: &str = "face-detect";

pub struct Written {
    pub layout: Layout,
    pub archive: PathBuf,
    /// What an engine that loads the archive calls it.
    pub reference: String,
    /// What it is made of, as SPDX.
    pub bill: PathBuf,
}

pub struct Images {
    pub sdk: Written,
    pub function: Written,
}

impl Images {
    pub fn all(&self) -> [&Written; 2] {
        [&self.sdk, &self.function]
    }
}

/// Writes both images, the function's on `base`, below the target folder.
pub fn images(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    base: &Base,
) -> Result<Images> {
    let folder = folder(workspace, sdk);
    let _lock = Lock::take(&folder.join("lock"), tell)?;
    let reference = format!("{FUNCTION}:latest");
    Ok(Images {
        sdk: sdk_image(&folder, workspace, sdk)?,
        function: function_image(&folder, &reference, workspace, sdk, binary, base)?,
    })
}

pub fn folder(workspace: &Workspace, sdk: &Sdk) -> PathBuf {
    let architecture = sdk.manifest().target.architecture;
    workspace.target().join("image").join(architecture.name())
}

/// The SDK below `/opt/opencv`, for others to build against.
pub fn sdk_image(folder: &Path, workspace: &Workspace, sdk: &Sdk) -> Result<Written> {
    let mut tree = FileTree::new();
    tree.add_folder("opt/opencv", sdk.path())?;
    let manifest = sdk.manifest();
    let what = format!("OpenCV {} as static libraries", manifest.version);
    let mut config = ImageConfig::new("opencv-sdk", manifest.target.architecture);
    config.annotations = annotations::of(workspace, &config.name, &what, &manifest.version)?;
    // Engines show labels and no annotations.
    config.labels.clone_from(&config.annotations);
    let bill = sbom::of_sdk(sdk)?;
    tree.add_tree(bill.licences()?)?;
    let layers = [(tree, what.as_str())];
    write(folder, "opencv-sdk:latest", &config, None, &layers, &bill)
}

/// The function on a base, and nothing else. What the base `minimal` has, the libraries that the function
/// needs, is a layer of its own, which stays the same when the function changes. An engine that loads the
/// archive calls the image `reference`.
pub fn function_image(
    folder: &Path,
    reference: &str,
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    base: &Base,
) -> Result<Written> {
    let mut layers = Vec::new();
    let mut libraries = FileTree::new();
    let opened = base.open(binary)?;
    match base {
        Base::Minimal => {
            libraries = glibc::needed_by(binary)?;
            check_glibc(binary, &libraries)?;
            layers.push((
                libraries.clone(),
                "shared libraries of the build machine's glibc",
            ));
        }
        Base::Scratch => check_scratch(binary)?,
        Base::Image(_) => {}
    }
    let mut bill = sbom::of_function(workspace, sdk, binary, &libraries)?;
    let mut function = function_tree(BOOTSTRAP, binary)?;
    function.add_tree(bill.licences()?)?;
    layers.push((function, "the function face-detect and licences"));

    let mut config = ImageConfig::new(FUNCTION, sdk.manifest().target.architecture);
    config.entrypoint = vec![BOOTSTRAP.to_owned()];
    config.working_folder = Some("/var/task".to_owned());
    // Lambda runs every function as a user of its own; elsewhere this keeps it from being root.
    config.user = Some("65532:65532".to_owned());
    let what = "Finds faces and eyes in photos, as an AWS Lambda function";
    let version = env!("CARGO_PKG_VERSION");
    config.annotations = annotations::of(workspace, FUNCTION, what, version)?;
    if let Some(base) = &opened {
        config.annotations.extend(base.annotations());
        bill.build_upon(base.name(), base.layout.image().digest())?;
    }
    config.labels.clone_from(&config.annotations);
    let below = opened.as_ref().map(|base| &base.layout);
    write(folder, reference, &config, below, &layers, &bill)
}

/// The function as a zip archive for the runtime `provided.al2023`, below the target folder.
pub fn function_zip(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
) -> Result<(PathBuf, Zip)> {
    let folder = folder(workspace, sdk);
    let _lock = Lock::take(&folder.join("lock"), tell)?;
    let path = folder.join(format!("{FUNCTION}.zip"));
    // Lambda starts a file of that name, and the runtime has the libraries.
    let tree = function_tree("/bootstrap", binary)?;
    let time = date::source_date_epoch()?;
    let zip = Zip::write(&tree, time, &path)?;
    let subject = Subject {
        name: FUNCTION.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: zip.digest,
        file_name: format!("{FUNCTION}.zip"),
        form: Form::Archive,
    };
    let bill = sbom::of_function(workspace, sdk, binary, &FileTree::new())?;
    let document = sbom::document(&bill, &[&tree], &subject, time)?;
    atomic::write(&folder.join(format!("{FUNCTION}.zip.spdx.json")), &document)?;
    Ok((path, zip))
}

pub fn function_tree(path: &str, binary: &FunctionBinary) -> Result<FileTree> {
    let mut tree = FileTree::new();
    let content = Content::File(binary.path().to_owned());
    tree.add(path.trim_start_matches('/'), content, Mode::Program)?;
    Ok(tree)
}

/// Refuses to pack a glibc that is older than what the function asks for.
fn check_glibc(binary: &FunctionBinary, libraries: &FileTree) -> Result<()> {
    let Some((needed, _)) = &binary.elf().needs_glibc else {
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
    bill: &Bill,
) -> Result<Written> {
    let time = date::source_date_epoch()?;
    let mut layout = LayoutWriter::new(folder, time)?;
    if let Some(base) = base {
        layout
            .set_base(base)
            .context("failed to put the image on its base")?;
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
        form: Form::Image,
    };
    let path = folder.join(format!("{}.spdx.json", config.name));
    let trees: Vec<_> = layers.iter().map(|(tree, _)| tree).collect();
    // Beside it: registries and Lambda have no use for it in there.
    atomic::write(&path, &sbom::document(bill, &trees, &subject, time)?)?;
    Ok(Written {
        layout,
        archive,
        reference: reference.to_owned(),
        bill: path,
    })
}
