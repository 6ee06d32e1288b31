//! Where the project lies: its root and its target folder.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::Result;
use opencv_build::BuildPaths;
use support::environment::Environment;
use support::progress::print_status;

use crate::user_cache;

#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    pub fn find() -> Self {
        // cargo sets the variable for `cargo run`; a checkout that was moved is found by it.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file());
        Self {
            root: root.unwrap_or(&package).to_owned(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn target_dir(&self) -> PathBuf {
        let named = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
        self.root.join(named.unwrap_or_else(|| "target".into()))
    }

    /// Where builds of OpenCV lie. Where the user's cache folder cannot be used, that is told once.
    pub fn build_paths(&self) -> Result<BuildPaths> {
        static PRINTED: Once = Once::new();
        let (paths, warning) =
            user_cache::build_paths(&Environment::current(), &self.target_dir())?;
        if let Some(line) = warning {
            PRINTED.call_once(|| print_status(&line));
        }
        Ok(paths)
    }
}
