//! The package of a function: what cargo knows about it, and its `[package.metadata.lambda]` with defaults for what is
//! not there. It is a package of this workspace, or of any other, which then has its own lock file and target folder.

mod assets;
mod cargo_package;
mod metadata;
mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata as CargoMetadata, Package};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use support::output::display_path;
use support::run::shell_word;

use crate::workspace::Workspace;
pub use assets::AssetFile;
use cargo_package::{
    artefact_name, binaries, binary, default_function, ensure_unique_name, is_same_file, join, query_cargo,
};
use metadata::Metadata;
pub use metadata::{PROGRAM_NAME, SDK_NAME};
pub use sample::{PhotoEvent, Sample, SampleRequest, StoredObject};

/// The recipe of a package, beside its manifest, and of the project.
pub const RECIPE_FILE: &str = "opencv.toml";

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct PackageArguments {
    /// The function's package in this workspace, or its folder in this project [default: `default-function` in Cargo.toml]
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "manifest_path")]
    pub package: Option<String>,

    /// The Cargo.toml of a function in any workspace
    #[arg(long, global = true, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
}

/// A function's package. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionPackage {
    /// The workspace of the package, which need not be this project.
    pub workspace: Workspace,
    pub manifest: PathBuf,
    /// All packages of the workspace: their names and manifests.
    pub members: Vec<(String, PathBuf)>,
    /// cargo's name for the package.
    pub package: String,
    pub version: String,
    /// Empty if unknown, as the following.
    pub license: String,
    pub repository: String,
    pub description: String,
    /// The name of the image and of the archive.
    pub name: String,
    pub recipe: PathBuf,
    /// The program, by cargo's name for it.
    pub binary: String,
    pub features: Vec<String>,
    pub assets: Vec<AssetFile>,
    pub environment: BTreeMap<String, String>,
    /// In megabytes; `None` for the default of whatever runs the function.
    pub memory: Option<u32>,
    /// In seconds.
    pub timeout: Option<u32>,
    /// How a photo becomes an event, if the function accepts photos in events.
    pub photo: Option<PhotoEvent>,
    pub samples: Vec<Sample>,
    pub unlinked_libraries: Vec<String>,
    pub python_reference: bool,
    /// A file with advisories and justifications, in the format of `xtask/audit/data`.
    pub audit: Option<PathBuf>,
    /// Whether it is the function that commands use without options: its files have shorter paths.
    pub is_default: bool,
}

impl FunctionPackage {
    /// # Errors
    /// There is no such package, or its metadata is invalid or names files that do not exist.
    pub fn find(project: &Workspace, arguments: &PackageArguments) -> Result<Self> {
        match &arguments.manifest_path {
            Some(path) => Self::at_manifest(project, path),
            None => Self::in_project(project, arguments.package.as_deref()),
        }
    }

    fn in_project(project: &Workspace, name: Option<&str>) -> Result<Self> {
        let manifest = project.root().join("Cargo.toml");
        let metadata = query_cargo(project, &manifest)?;
        let default = default_function(&metadata)
            .with_context(|| format!("failed to find the default function in `{}`", manifest.display()))?;
        let name = name.unwrap_or(default);
        let found = metadata.packages.iter().find(|package| package.name.as_str() == name);
        let own = project.root().join(name).join("Cargo.toml");
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if found.is_none() && is_name && own.is_file() {
            return Self::at_manifest(project, &own);
        }
        let package = found.with_context(|| {
            let names = metadata.packages.iter().filter(|package| !binaries(package).is_empty());
            format!(
                "there is no package `{name}` in `{}`; packages with programs are: {}; for a package of another \
                 workspace, use `--manifest-path`",
                manifest.display(),
                join(names.map(|package| package.name.as_str()))
            )
        })?;
        Self::read(project, &metadata, package, name == default)
    }

    fn at_manifest(project: &Workspace, path: &Path) -> Result<Self> {
        let mut manifest = std::path::absolute(path)?;
        if manifest.is_dir() {
            manifest.push("Cargo.toml");
        }
        ensure!(
            manifest.is_file(),
            "there is no manifest `{}`; name a package's Cargo.toml",
            manifest.display()
        );
        let metadata = query_cargo(project, &manifest)?;
        let same = |package: &&Package| is_same_file(package.manifest_path.as_std_path(), &manifest);
        let package = metadata.packages.iter().find(same);
        let package = package.with_context(|| {
            let names = metadata.packages.iter().map(|package| package.manifest_path.as_str());
            let (manifest, names) = (manifest.display(), join(names));
            format!("`{manifest}` is a workspace without a package of its own; name one of its packages: {names}")
        })?;
        if is_same_file(metadata.workspace_root.as_std_path(), project.root()) {
            return Self::in_project(project, Some(&package.name));
        }
        Self::read(project, &metadata, package, false)
    }

    fn read(project: &Workspace, metadata: &CargoMetadata, package: &Package, is_default: bool) -> Result<Self> {
        let root = metadata.workspace_root.as_std_path();
        let workspace = match is_same_file(root, project.root()) {
            true => project.clone(),
            false => Workspace::at(root),
        };
        let manifest = package.manifest_path.as_std_path().to_owned();
        let text = fs::read_to_string(&manifest)?;
        let lambda = Metadata::parse(&manifest, &text)?;
        let folder = manifest.parent().context("a manifest has no parent folder")?.to_owned();
        let with_file = || metadata::failed(&manifest);
        let name = artefact_name(package, &lambda).with_context(with_file)?;
        ensure_unique_name(metadata, package, &name).with_context(with_file)?;
        let photo = lambda.photo.map(|photo| PhotoEvent::new(&folder, photo)).transpose();
        let photo = photo.with_context(with_file)?;
        let audit = lambda.audit.map(|name| sample::existing_file(&folder, &name));
        let samples = lambda.samples.into_iter().enumerate().map(|(number, sample)| {
            let failed = || format!("sample {} cannot be used", number + 1);
            Sample::new(&folder, sample, photo.as_ref()).with_context(failed)
        });
        let samples = samples.collect::<Result<_>>().with_context(with_file)?;
        for feature in &lambda.features {
            let known = package.features.contains_key(feature) || feature.contains(['/', ':']);
            ensure!(
                known,
                "{}: `features` has `{feature}`, which the package does not have",
                with_file()
            );
        }
        let members = metadata.packages.iter();
        let members = members.map(|it| (it.name.to_string(), it.manifest_path.clone().into()));
        Ok(Self {
            members: members.collect(),
            package: package.name.to_string(),
            version: package.version.to_string(),
            license: package.license.clone().unwrap_or_default(),
            repository: package.repository.clone().unwrap_or_default(),
            description: lambda
                .description
                .or_else(|| package.description.clone())
                .unwrap_or_default(),
            name,
            recipe: recipe(project, &folder, lambda.recipe.as_deref()).with_context(with_file)?,
            binary: binary(package, lambda.binary.as_deref()).with_context(with_file)?,
            features: lambda.features,
            assets: assets::collect(&folder, &lambda.assets).with_context(with_file)?,
            environment: lambda.environment,
            memory: lambda.memory,
            timeout: lambda.timeout,
            photo,
            samples,
            unlinked_libraries: lambda.unlinked_libraries,
            python_reference: lambda.python_reference,
            audit: audit.transpose().with_context(with_file)?,
            is_default,
            workspace,
            manifest,
        })
    }

    /// The folder of the manifest.
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }

    /// The function's own folder below `parent`: for the default function, `parent` itself.
    pub fn folder_in(&self, parent: PathBuf) -> PathBuf {
        if self.is_default {
            parent
        } else {
            parent.join(&self.name)
        }
    }

    /// The options that select this function in another command, such as ` --package NAME`; empty for the default one.
    pub fn options(&self, project: &Workspace) -> String {
        if self.is_default {
            String::new()
        } else if self.workspace == *project {
            format!(" --package {}", self.package)
        } else {
            format!(" --manifest-path {}", shell_word(&display_path(&self.manifest)))
        }
    }

    /// rustc's names for the program and for the packages of the workspace: the crates that are the function's own.
    pub fn own_crates(&self) -> Vec<String> {
        let names = self.members.iter().map(|(name, _)| name).chain([&self.binary]);
        names.map(|name| name.replace('-', "_")).collect()
    }

    /// The photo that stands for those that the function gets: that of the first sample with one.
    ///
    /// # Errors
    /// No sample has a photo.
    pub fn sample_photo(&self) -> Result<&Path> {
        let photo = self.samples.iter().find_map(Sample::photo);
        photo.with_context(|| {
            let manifest = self.manifest.display();
            format!(
                "no sample in `[package.metadata.lambda]` of `{manifest}` has a photo; add one with the key `photo`"
            )
        })
    }

    /// Variables that run the function as it will run on Lambda, for a process or an emulator on this machine.
    pub fn run_environment(&self) -> Vec<(String, String)> {
        let number = |name: &str, value: Option<u32>| value.map(|value| (name.to_owned(), value.to_string()));
        let limits = [
            number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory),
            number("AWS_LAMBDA_FUNCTION_TIMEOUT", self.timeout),
        ];
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        variables.chain(limits.into_iter().flatten()).collect()
    }
}

fn recipe(project: &Workspace, folder: &Path, named: Option<&Path>) -> Result<PathBuf> {
    let beside = folder.join(RECIPE_FILE);
    let Some(named) = named else {
        let project = project.root().join(RECIPE_FILE);
        return Ok(if beside.is_file() { beside } else { project });
    };
    let path = folder.join(named);
    ensure!(
        path.is_file(),
        "`recipe` names `{}`, which does not exist",
        path.display()
    );
    Ok(path)
}

#[cfg(test)]
mod tests;
