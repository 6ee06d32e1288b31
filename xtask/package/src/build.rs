//! The inputs of a command's builds: the function's package, the recipe, paths and tools. They are read once, so that a
//! change of `opencv.toml` during a command has no effect.

use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use layer::UnknownArchitecture;
use opencv_build::{Architecture, BuildOutcome, BuildPaths, CmakeLauncher, Recipe, Sdk, Tools, build_or_pull};
use support::environment::Environment;
use support::output::OutputPerArchitecture;

use crate::cargo::{self, RustToolchain};
use crate::function_package::{FunctionPackage, PackageArguments};
use crate::sdk_cache::SdkCache;
use crate::sysroot::Sysroot;
use crate::target_tools::TargetTools;
use crate::workspace::Workspace;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Build for this architecture instead of the one in the recipe: x86_64, arm64, or, if the command can do several,
    /// `all`
    #[arg(long, alias = "architecture", value_name = "ARCHITECTURE")]
    pub arch: Option<ArchitectureSelection>,

    /// Build this recipe instead of the package's, or of opencv.toml
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,

    #[command(flatten)]
    pub package: PackageArguments,

    #[command(flatten)]
    pub tools: TargetTools,
}

impl Arguments {
    /// A build of the package's own recipe.
    pub fn for_package(package: &PackageArguments) -> Self {
        Self {
            package: package.clone(),
            ..Self::default()
        }
    }
}

/// The outputs of `run` for each of the `builds`.
pub fn for_each<T>(builds: &[Build], mut run: impl FnMut(&Build) -> Result<T>) -> Result<OutputPerArchitecture<T>> {
    // What is missing for one architecture is reported before the others are built.
    for build in builds {
        build.require_rust_toolchain()?;
    }
    let mut outputs = Vec::new();
    for build in builds {
        let name = build.recipe.target.architecture.name();
        let output = run(build);
        outputs.push((
            name,
            match builds {
                [_] => output?,
                _ => output.with_context(|| format!("failed for {name}"))?,
            },
        ));
    }
    Ok(OutputPerArchitecture(outputs))
}

/// The value of `--arch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchitectureSelection {
    One(Architecture),
    All,
}

impl FromStr for ArchitectureSelection {
    type Err = UnknownArchitecture;

    fn from_str(text: &str) -> Result<Self, UnknownArchitecture> {
        match text {
            "all" => Ok(Self::All),
            one => one.parse().map(Self::One),
        }
    }
}

/// A function's package and the recipe that it is built with, with paths and tools.
#[derive(Clone)]
pub struct Build {
    /// This project, in whose target folder OpenCV is built.
    pub workspace: Workspace,
    pub package: FunctionPackage,
    pub recipe_file: PathBuf,
    /// The content of `recipe_file` when it was read.
    pub recipe_text: String,
    pub recipe: Recipe,
    pub paths: BuildPaths,
    pub launcher: CmakeLauncher,
    /// From where the SDK is pulled instead of built, if it is there.
    pub sdk_cache: Option<SdkCache>,
    pub sysroot: Sysroot,
    named_tools: TargetTools,
    tools: OnceLock<Tools>,
    rust_toolchain: OnceLock<RustToolchain>,
}

impl Build {
    /// The builds for all selected architectures.
    pub fn read_all(arguments: &Arguments) -> Result<Vec<Self>> {
        if arguments.arch != Some(ArchitectureSelection::All) {
            return Ok(vec![Self::read(arguments)?]);
        }
        ensure!(
            arguments.tools == TargetTools::default(),
            "`--rustc`, `--cargo` and `--sysroot` are for one architecture; with `--arch all`, name those of each by \
             variables, such as SYSROOT_aarch64_unknown_linux_gnu, or in `[tools]` of the recipe"
        );
        let read = |architecture| Self::read_for(arguments, Some(architecture));
        Architecture::ALL.into_iter().map(read).collect()
    }

    /// The build for one architecture.
    ///
    /// # Errors
    /// `--arch all` was given, or the package or the recipe cannot be read.
    pub fn read(arguments: &Arguments) -> Result<Self> {
        match arguments.arch {
            None => Self::read_for(arguments, None),
            Some(ArchitectureSelection::One(architecture)) => Self::read_for(arguments, Some(architecture)),
            Some(ArchitectureSelection::All) => {
                bail!("this command is for one architecture at a time; use `--arch x86_64` or `--arch arm64`")
            }
        }
    }

    fn read_for(arguments: &Arguments, architecture: Option<Architecture>) -> Result<Self> {
        let workspace = Workspace::find();
        let package = FunctionPackage::find(&workspace, &arguments.package)?;
        let file = arguments.recipe.as_ref().unwrap_or(&package.recipe).clone();
        let text = fs::read_to_string(&file).context("failed to read the recipe")?;
        let recipe = Recipe::parse_file(&file, &text, architecture)?;
        let architecture = recipe.target.architecture;
        let named_tools = arguments
            .tools
            .resolve(&Environment::current(), (&file, &text), architecture)?;
        let paths = workspace.build_paths()?;
        Ok(Self {
            sysroot: Sysroot::new(architecture, &named_tools, &paths),
            named_tools,
            rust_toolchain: OnceLock::new(),
            recipe,
            paths,
            launcher: CmakeLauncher::init(),
            sdk_cache: SdkCache::from_environment(&Environment::current(), &[])?,
            tools: OnceLock::new(),
            workspace,
            package,
            recipe_file: file,
            recipe_text: text,
        })
    }

    /// Installed on the first call.
    pub fn tools(&self) -> Result<&Tools> {
        if let Some(tools) = self.tools.get() {
            return Ok(tools);
        }
        let tools = Tools::install(&self.recipe, &self.paths)?;
        Ok(self.tools.get_or_init(|| tools))
    }

    /// The Rust toolchain, which has the standard library of the target.
    pub(crate) fn rust_toolchain(&self) -> Result<&RustToolchain> {
        if let Some(toolchain) = self.rust_toolchain.get() {
            return Ok(toolchain);
        }
        let architecture = self.recipe.target.architecture;
        let toolchain = cargo::toolchain(&self.package.workspace, &self.named_tools, architecture)?;
        Ok(self.rust_toolchain.get_or_init(|| toolchain))
    }

    /// Before a build of OpenCV, which can take minutes.
    ///
    /// # Errors
    /// There is no Rust toolchain with the standard library of the target, and rustup cannot add it.
    pub fn require_rust_toolchain(&self) -> Result<()> {
        self.rust_toolchain().map(drop)
    }

    /// cargo of that toolchain for the function's package.
    pub(crate) fn cargo(&self, subcommand: &str) -> Result<Command> {
        let package = &self.package;
        cargo::cargo_of(
            self.rust_toolchain()?,
            &package.workspace,
            &package.manifest,
            subcommand,
        )
    }

    pub fn build_opencv(&self) -> Result<BuildOutcome> {
        Ok(build_or_pull(
            &self.recipe,
            &self.paths,
            &self.launcher,
            &|fingerprint, folder| match &self.sdk_cache {
                None => Ok(false),
                Some(cache) => Ok(cache.pull(fingerprint, folder)?),
            },
        )?)
    }

    pub fn build_sdk(&self) -> Result<Sdk> {
        Ok(self.build_opencv()?.sdk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipe_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.toml");
        let text = include_str!("../../../opencv.toml");
        fs::write(&file, text).unwrap();
        let read = || {
            Build::read(&Arguments {
                recipe: Some(file.clone()),
                arch: Some(ArchitectureSelection::One(Architecture::Aarch64)),
                ..Arguments::default()
            })
        };
        let build = read().unwrap();
        assert_eq!(build.recipe.target.architecture, Architecture::Aarch64);

        let other = text.replace("haar = \"fast\"", "haar = \"upstream\"");
        assert_ne!(other, text);
        fs::write(&file, &other).unwrap();
        let changed = read().unwrap();
        assert_ne!(build.recipe, changed.recipe);
        assert_eq!((&build.recipe_file, build.recipe_text.as_str()), (&file, text));
        assert_eq!(changed.recipe_text, other);

        fs::remove_file(&file).unwrap();
        assert_eq!(build.clone().recipe, build.recipe);
        let error = format!("{:#}", read().err().unwrap());
        assert!(error.contains("failed to read the recipe"), "{error}");
    }
}
