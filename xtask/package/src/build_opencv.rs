//! `cargo xtask build-opencv`: from `opencv.toml` to the SDK.

use std::path::PathBuf;

use anyhow::Result;
use opencv_build::build::{Built, build};
use opencv_build::driver::Driver;
use opencv_build::manifest::Library;
use opencv_build::recipe::Recipe;
use opencv_build::target::Architecture;
use serde::Serialize;

use crate::workspace::Workspace;
use support::answer::{Answer, path, size, table};

/// What to build.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Build for this architecture instead of the one in opencv.toml: x86_64 or aarch64
    #[arg(long)]
    pub architecture: Option<Architecture>,

    /// Build this recipe instead of opencv.toml
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
}

/// The SDK.
#[derive(Serialize)]
pub struct BuildAnswer {
    sdk: PathBuf,
    fingerprint: String,
    cached: bool,
    seconds: f64,
    modules: Vec<String>,
    libraries: Vec<Library>,
    /// What it lacks because this machine lacked something.
    lacks: Vec<String>,
}

/// Builds the SDK, unless it is there.
pub fn run(arguments: &Arguments) -> Result<BuildAnswer> {
    let workspace = Workspace::find();
    let built = built(&workspace, arguments)?;
    let manifest = built.sdk.manifest();
    Ok(BuildAnswer {
        sdk: built.sdk.path().to_owned(),
        fingerprint: manifest.fingerprint.to_string(),
        cached: built.cached,
        seconds: built.seconds,
        modules: manifest.modules.clone(),
        libraries: manifest.libraries.clone(),
        lacks: manifest.lacks.clone(),
    })
}

/// The recipe that is asked for.
pub fn recipe(workspace: &Workspace, arguments: &Arguments) -> Result<Recipe> {
    let path = match &arguments.recipe {
        Some(path) => path.clone(),
        None => workspace.root().join("opencv.toml"),
    };
    Recipe::read(&path, arguments.architecture)
}

/// The SDK, for verbs that need it.
pub fn built(workspace: &Workspace, arguments: &Arguments) -> Result<Built> {
    let recipe = recipe(workspace, arguments)?;
    build(&recipe, &workspace.places()?, &Driver::init())
}

impl Answer for BuildAnswer {
    fn text(&self) -> String {
        let how = if self.cached {
            "is up to date".to_owned()
        } else {
            format!("was built in {:.0} s", self.seconds)
        };
        let mut rows: Vec<_> = self
            .libraries
            .iter()
            .map(|library| vec![format!("  {}", library.file), size(library.bytes)])
            .collect();
        let total = self.libraries.iter().map(|library| library.bytes).sum();
        rows.push(vec!["  total".to_owned(), size(total)]);
        let lacks = self.lacks.iter().map(|lack| format!("\n{lack}."));
        format!(
            "The SDK {how}: {}\n  modules {}\n  fingerprint {}\n{}{}",
            path(&self.sdk),
            self.modules.join(", "),
            self.fingerprint,
            table(&rows),
            lacks.collect::<String>()
        )
    }
}
