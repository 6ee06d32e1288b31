//! Facts that C++ headers hold: the version, and which macros are defined. Read by `bindgen`
//! through libclang, so that conditions and definitions count as the compiler sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use bindgen::callbacks::{IntKind, MacroParsingBehavior, ParseCallbacks};
use fs_err as fs;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    integers: BTreeMap<String, i64>,
    defined: BTreeSet<String>,
}

impl Facts {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path)?;
        serde_json::from_slice(&text).with_context(|| format!("failed to use `{}`", path.display()))
    }

    #[cfg(test)]
    pub(crate) fn of<'a>(
        integers: impl Iterator<Item = (&'a str, i64)>,
        defined: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            integers: integers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            defined: defined.map(str::to_owned).collect(),
        }
    }

    /// Whether a macro is defined, with or without a value.
    pub fn defines(&self, name: &str) -> bool {
        self.defined.contains(name)
    }

    /// OpenCV's version, as its `version.hpp` has it.
    pub fn version(&self) -> Option<String> {
        let part = |name| self.integers.get(name);
        let major = part("CV_VERSION_MAJOR")?;
        let minor = part("CV_VERSION_MINOR")?;
        let revision = part("CV_VERSION_REVISION")?;
        Some(format!("{major}.{minor}.{revision}"))
    }
}

/// Reads the macros of some headers into a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FactsJob {
    pub(crate) headers: Vec<PathBuf>,
    pub(crate) output: PathBuf,
}

impl FactsJob {
    pub(crate) fn perform(&self) -> Result<()> {
        let collected = Arc::new(Mutex::new(Facts::default()));
        let mut builder = bindgen::builder()
            .parse_callbacks(Box::new(Collector(Arc::clone(&collected))))
            .clang_args(["-x", "c++"]);
        for header in &self.headers {
            builder = builder.header(header.to_string_lossy());
        }
        builder
            .generate()
            .context("failed to read OpenCV's headers")?;
        let facts = collected
            .lock()
            .map_err(|_| anyhow::anyhow!("bindgen panicked"))?;
        Ok(fs::write(
            &self.output,
            serde_json::to_vec_pretty(&*facts)?,
        )?)
    }
}

/// Hears of every macro that bindgen meets.
#[derive(Debug)]
struct Collector(Arc<Mutex<Facts>>);

impl ParseCallbacks for Collector {
    fn will_parse_macro(&self, name: &str) -> MacroParsingBehavior {
        if let Ok(mut facts) = self.0.lock() {
            facts.defined.insert(name.to_owned());
        }
        MacroParsingBehavior::Default
    }

    fn int_macro(&self, name: &str, value: i64) -> Option<IntKind> {
        if let Ok(mut facts) = self.0.lock() {
            facts.integers.insert(name.to_owned(), value);
        }
        None
    }
}
