//! The build tools, as Python wheels: cmake, ninja, zig, libclang and unearth. Needs Python 3 with pip; never uses the
//! machine's own build tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::pins::Pins;
use crate::wheels;

#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Contains the wheels' modules; to be set as `PYTHONPATH`.
    pub root: PathBuf,
    pub versions: BTreeMap<String, String>,
}

impl Toolchain {
    /// Installs the pinned tools in `parent`, unless they are already installed.
    pub fn install(pins: &Pins, parent: &Path) -> Result<Self> {
        let root = wheels::install(&pins.wheel, parent, "toolchain")?;
        let wheels = pins.wheel.iter();
        let versions = wheels.map(|wheel| (wheel.name.clone(), wheel.version.clone()));
        let toolchain = Self {
            root,
            versions: versions.collect(),
        };
        for tool in [toolchain.cmake(), toolchain.ninja(), toolchain.zig()] {
            ensure!(
                tool.is_file(),
                "`{}` is missing; delete `{}` and try again",
                tool.display(),
                toolchain.root.display()
            );
        }
        Ok(toolchain)
    }

    pub fn cmake(&self) -> PathBuf {
        self.root.join("cmake/data/bin/cmake")
    }

    pub fn ninja(&self) -> PathBuf {
        self.root.join("bin/ninja")
    }

    pub fn zig(&self) -> PathBuf {
        self.root.join("ziglang/zig")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Toolchain {
        /// Tools that a test has put into `root`, in the wheels' layout.
        pub(crate) fn at(root: &Path) -> Self {
            Self {
                root: root.to_owned(),
                versions: BTreeMap::new(),
            }
        }
    }
}
