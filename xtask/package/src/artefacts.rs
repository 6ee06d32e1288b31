//! Writes the artefacts: images of the SDK and of a function, and a zip archive of the function. The commands `image`
//! and `zip` and all tests use these functions, so that the tested artefacts are those that are shipped.

pub mod annotations;
pub mod base;
pub mod lint;
pub mod source_date;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use layer::zip::Zip;
use layer::{Architecture, Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode, check_scratch, glibc};
use opencv_build::Sdk;
use support::files::remove_partial_output;
use support::lock::Lock;
use support::progress::print_status;

use self::base::Base;
use crate::function::{Function, PROGRAM_NAME};
use crate::function_package::{FunctionPackage, SDK_NAME};
use crate::sbom::{self, ArtefactKind, Sbom, Subject};
use crate::workspace::Workspace;
use support::atomic;

/// The folder of a function's files in its image: Lambda's task root.
pub const TASK_ROOT: &str = "/var/task";

/// Keeps two processes from writing the same artefacts.
const LOCK: &str = ".lock";

/// The path of a function's program in its image.
pub const BOOTSTRAP_PATH: &str = "/var/task/bootstrap";

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
pub fn write_images(workspace: &Workspace, sdk: &Sdk, function: &Function, base: &Base) -> Result<WrittenImages> {
    let folder = output_dir(&function.package, function.architecture());
    let _lock = lock_output(&folder)?;
    let reference = format!("{}:latest", function.package.name);
    Ok(WrittenImages {
        sdk: write_sdk_image(&folder, workspace, sdk)?,
        function: write_function_image(&folder, &reference, sdk, function, base)?,
    })
}

/// Locks the folder of artefacts, and removes what an interrupted run has left there.
fn lock_output(folder: &Path) -> Result<Lock> {
    let lock = Lock::acquire(&folder.join(LOCK), print_status)?;
    remove_partial_output(folder)?;
    Ok(lock)
}

/// The folder of the artefacts of all packages in the function's workspace.
pub fn output_dir(package: &FunctionPackage, architecture: Architecture) -> PathBuf {
    package.workspace.target_dir().join("image").join(architecture.name())
}

pub fn zip_path(package: &FunctionPackage, architecture: Architecture) -> PathBuf {
    output_dir(package, architecture).join(format!("{}.zip", package.name))
}

/// The SDK's own files, with their paths after `prefix`: without what a user has added, such as its tools.
pub fn sdk_tree(prefix: &str, sdk: &Sdk) -> Result<FileTree> {
    let mut tree = FileTree::new();
    for name in sdk.manifest().files.keys().map(String::as_str).chain(["sdk.json"]) {
        tree.add_file(&format!("{prefix}{name}"), &sdk.path().join(name))?;
    }
    Ok(tree)
}

/// The SDK in `/opt/opencv`, as a base for builds.
pub fn write_sdk_image(folder: &Path, workspace: &Workspace, sdk: &Sdk) -> Result<WrittenImage> {
    let mut tree = sdk_tree("opt/opencv/", sdk)?;
    let manifest = sdk.manifest();
    let what = format!("OpenCV {} as static libraries", manifest.version);
    let mut config = ImageConfig::new(SDK_NAME, manifest.target.architecture);
    config.annotations = annotations::of_sdk(workspace, &config.name, &what, &manifest.version)?;
    // Container engines show labels, but not annotations.
    config.labels.clone_from(&config.annotations);
    let sbom = sbom::sdk_sbom(sdk)?;
    tree.add_tree(sbom.license_tree()?)?;
    let layers = [(tree, what.as_str())];
    write(folder, &format!("{SDK_NAME}:latest"), &config, None, &layers, &sbom)
}

/// The function on a base. The libraries of the base `minimal` are a separate layer, which does not change with the
/// function. `reference` is the image's name in a container engine that loads the archive.
pub fn write_function_image(
    folder: &Path,
    reference: &str,
    sdk: &Sdk,
    function: &Function,
    base: &Base,
) -> Result<WrittenImage> {
    let (package, binary) = (&function.package, &function.binary);
    let mut layers = Vec::new();
    let mut libraries = FileTree::new();
    let opened = base.open(binary)?;
    match base {
        Base::Minimal => {
            libraries = function.required_libraries()?;
            check_glibc(binary, &libraries)?;
            layers.push((libraries.clone(), "shared libraries of glibc".to_owned()));
        }
        Base::Scratch => check_scratch(binary)?,
        Base::Image(_) => {}
    }
    let mut sbom = sbom::function_sbom(sdk, function, &libraries)?;
    let mut tree = function_tree(TASK_ROOT, function)?;
    tree.add_tree(sbom.license_tree()?)?;
    layers.push((tree, format!("the function {} and licences", package.name)));

    let mut config = ImageConfig::new(&package.name, sdk.manifest().target.architecture);
    config.entrypoint = vec![BOOTSTRAP_PATH.to_owned()];
    config.working_dir = Some(TASK_ROOT.to_owned());
    // Lambda overrides the user; elsewhere this prevents running as root.
    config.user = Some("65532:65532".to_owned());
    config.environment.clone_from(&package.environment);
    config.annotations = annotations::of_function(package)?;
    if let Some(base) = &opened {
        config.annotations.extend(base.annotations());
        sbom.set_base_image(base.name(), base.layout.image().digest())?;
    }
    config.labels.clone_from(&config.annotations);
    let below = opened.as_ref().map(|base| &base.layout);
    let layers: Vec<_> = layers
        .iter()
        .map(|(tree, created_by)| (tree.clone(), created_by.as_str()))
        .collect();
    write(folder, reference, &config, below, &layers, &sbom)
}

/// The function as a zip archive for the runtime `provided.al2023`, at [`zip_path`].
pub fn write_function_zip(sdk: &Sdk, function: &Function) -> Result<(PathBuf, Zip)> {
    let package = &function.package;
    let folder = output_dir(package, function.architecture());
    let _lock = lock_output(&folder)?;
    let path = zip_path(package, function.architecture());
    // The runtime provides the libraries.
    let tree = function_tree("", function)?;
    let time = source_date::source_date_epoch()?;
    let zip = Zip::write(&tree, time, &path)?;
    let subject = Subject {
        name: package.name.clone(),
        version: package.version.clone(),
        digest: zip.digest,
        file_name: format!("{}.zip", package.name),
        kind: ArtefactKind::Archive,
    };
    let sbom = sbom::function_sbom(sdk, function, &FileTree::new())?;
    let document = sbom::document(&sbom, &[&tree], &subject, time)?;
    atomic::write(&folder.join(format!("{}.zip.spdx.json", package.name)), &document)?;
    Ok((path, zip))
}

/// The program, which Lambda starts by its name, and the package's assets, in the folder `task_root`.
pub fn function_tree(task_root: &str, function: &Function) -> Result<FileTree> {
    let mut tree = FileTree::new();
    let mut add = |path: &str, file: &Path, mode| -> Result<()> {
        let path = format!("{task_root}/{path}");
        tree.add(path.trim_start_matches('/'), Content::File(file.to_owned()), mode)?;
        Ok(())
    };
    add(PROGRAM_NAME, function.path(), Mode::Program)?;
    for asset in &function.package.assets {
        let mode = if asset.is_program { Mode::Program } else { Mode::Data };
        add(&asset.path, &asset.file, mode)?;
    }
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
        "the image's glibc {} is older than the {needed} that `{}` needs; build on a newer machine, or name a root folder \
         with a newer one by --sysroot",
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
