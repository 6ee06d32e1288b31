//! The OpenCV modules and image formats available to a recipe, with their dependencies, from `data/modules.toml` and
//! `data/codecs.toml`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Module {
    pub requires: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Codec {
    /// cmake options that enable or disable it.
    pub options: Vec<String>,
    /// Folders of `3rdparty/` that it is built from.
    pub third_party: Vec<String>,
    /// The macro that `cvconfig.h` defines if it is built in.
    pub cvconfig_macro: Option<String>,
    /// A file extension, and `lossless` or `lossy`, for the test of a new SDK.
    pub round_trip: Option<[String; 2]>,
}

#[derive(Debug)]
pub struct Catalog {
    pub modules: BTreeMap<String, Module>,
    pub codecs: BTreeMap<String, Codec>,
}

const MODULES: &str = include_str!("../data/modules.toml");
const CODECS: &str = include_str!("../data/codecs.toml");

impl Catalog {
    pub fn embedded() -> Self {
        Self {
            modules: toml::from_str(MODULES).expect("data/modules.toml is checked by a test"),
            codecs: toml::from_str(CODECS).expect("data/codecs.toml is checked by a test"),
        }
    }

    /// `wanted` and its dependencies, in topological order: each after those that it requires.
    pub fn resolve_modules(&self, wanted: &[String]) -> Result<Vec<String>> {
        let mut resolved = Vec::new();
        for name in wanted {
            self.add_module(name, &mut resolved)?;
        }
        Ok(resolved)
    }

    fn add_module(&self, name: &str, resolved: &mut Vec<String>) -> Result<()> {
        if resolved.iter().any(|known| known == name) {
            return Ok(());
        }
        let Some(module) = self.modules.get(name) else {
            bail!("{}", unknown_name_message("module", name, self.modules.keys()));
        };
        for required in &module.requires {
            self.add_module(required, resolved)?;
        }
        resolved.push(name.to_owned());
        Ok(())
    }

    pub fn check_codecs(&self, wanted: &BTreeSet<String>) -> Result<()> {
        for name in wanted {
            if !self.codecs.contains_key(name) {
                bail!("{}", unknown_name_message("codec", name, self.codecs.keys()));
            }
        }
        Ok(())
    }
}

fn unknown_name_message<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String> + Clone) -> String {
    let nearest = known
        .clone()
        .map(|candidate| (strsim::jaro_winkler(candidate, name), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8);
    let all: Vec<_> = known.map(String::as_str).collect();
    let hint = nearest.map(|(_, nearest)| format!(", did you mean `{nearest}`? Available"));
    let hint = hint.as_deref().unwrap_or("; available");
    format!("unknown {kind} `{name}`{hint}: {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_required_module_exists() {
        let catalog = Catalog::embedded();
        let all: Vec<_> = catalog.modules.keys().cloned().collect();
        let resolved = catalog.resolve_modules(&all).unwrap();
        assert_eq!(resolved.len(), all.len());
    }

    #[test]
    fn required_modules_come_first() {
        let resolved = Catalog::embedded().resolve_modules(&["objdetect".into()]).unwrap();
        assert_eq!(resolved, ["core", "imgproc", "objdetect"]);
    }

    #[test]
    fn misspelt_name_gets_a_suggestion() {
        let catalog = Catalog::embedded();
        let error = catalog.resolve_modules(&["objdetct".into()]).unwrap_err().to_string();
        assert!(error.contains("did you mean `objdetect`?"), "{error}");
        let error = catalog
            .check_codecs(&["gif".to_owned()].into())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("unknown codec `gif`"), "{error}");
    }
}
