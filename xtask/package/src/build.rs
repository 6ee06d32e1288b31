//! The inputs of a command's builds: the function's package, the recipe, paths and tools. They are read once, so that a
//! change of `opencv.toml` during a command has no effect.

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use fs_err as fs;
use opencv_build::{Architecture, BuildOutcome, BuildPaths, CmakeLauncher, Recipe, Sdk, Tools, build_or_pull};
use support::environment::Environment;

use crate::function_package::{FunctionPackage, PackageArguments};
use crate::sdk_cache::SdkCache;
use crate::workspace::Workspace;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Build for this architecture instead of the one in the recipe: x86_64 or aarch64
    #[arg(long)]
    pub architecture: Option<Architecture>,

    /// Build this recipe instead of the package's, or of opencv.toml
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,

    #[command(flatten)]
    pub package: PackageArguments,
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
    tools: OnceLock<Tools>,
}

impl Build {
    pub fn read(arguments: &Arguments) -> Result<Self> {
        let workspace = Workspace::find();
        let package = FunctionPackage::find(&workspace, &arguments.package)?;
        let file = arguments.recipe.as_ref().unwrap_or(&package.recipe).clone();
        let text = fs::read_to_string(&file).context("failed to read the recipe")?;
        Ok(Self {
            recipe: Recipe::parse_file(&file, &text, arguments.architecture)?,
            paths: workspace.build_paths()?,
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
                architecture: Some(Architecture::Aarch64),
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
