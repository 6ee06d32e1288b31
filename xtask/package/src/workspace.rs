//! The root and target folder of a workspace: this project's, or that of a function which is not part of it.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::Result;
use opencv_build::BuildPaths;
use serde::{Deserialize, Serialize};
use support::environment::Environment;
use support::progress::print_status;

use crate::user_cache;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace of this project, wherever the command was started.
    pub fn find() -> Self {
        // cargo sets this variable for `cargo run`; it stays correct if the checkout is moved.
        let package =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        Self {
            root: root.unwrap_or(&package).to_owned(),
        }
    }

    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn target_dir(&self) -> PathBuf {
        let named = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
        self.root.join(named.unwrap_or_else(|| "target".into()))
    }

    /// The paths of OpenCV's builds. Prints a warning, once per process, if the user's cache folder is unusable.
    pub fn build_paths(&self) -> Result<BuildPaths> {
        static PRINTED: Once = Once::new();
        let (paths, warning) = user_cache::build_paths(&Environment::current(), &self.target_dir())?;
        if let Some(line) = warning {
            PRINTED.call_once(|| print_status(&line));
        }
        Ok(paths)
    }
}
