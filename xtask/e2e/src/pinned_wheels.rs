//! Programs in Python that tests use, as pinned wheels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use opencv_build::internals::{Wheel, install_wheels};
use package::workspace::Workspace;

/// Installs the wheels under `name` in `data/pins.toml`; returns their folder.
pub fn install(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let pins: BTreeMap<String, Vec<Wheel>> =
        toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")?;
    let wheels = pins
        .get(name)
        .with_context(|| format!("data/pins.toml does not have `{name}`"))?;
    let toolchain = workspace.build_paths()?.toolchain_dir();
    Ok(install_wheels(wheels, &toolchain, name)?)
}
