//! What a recipe can choose from: OpenCV's modules and image formats with what each needs.
//! Reads `data/modules.toml` and `data/codecs.toml`; refuses a name that is in neither.

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
    /// Switches of cmake that turn it on or off.
    pub options: Vec<String>,
    /// Folders of `3rdparty/` that it is built from.
    pub third_party: Vec<String>,
    /// The macro of `cvconfig.h` that is defined when it was found.
    pub cvconfig_macro: Option<String>,
    /// A file name's end, and `lossless` or `lossy`: how to try the format.
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

    /// `wanted` and all that it requires, each after what it requires.
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
            bail!(
                "{}",
                unknown_name_message("module", name, self.modules.keys())
            );
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
                bail!(
                    "{}",
                    unknown_name_message("codec", name, self.codecs.keys())
                );
            }
        }
        Ok(())
    }
}

fn unknown_name_message<'a>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a String> + Clone,
) -> String {
    let nearest = known
        .clone()
        .map(|candidate| (strsim::jaro_winkler(candidate, name), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8);
    let all: Vec<_> = known.map(String::as_str).collect();
    let hint = nearest.map(|(_, nearest)| format!(", did you mean `{nearest}`? There"));
    let hint = hint.as_deref().unwrap_or("; there");
    format!("unknown {kind} `{name}`{hint} are: {}", all.join(", "))
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
        let resolved = Catalog::embedded()
            .resolve_modules(&["objdetect".into()])
            .unwrap();
        assert_eq!(resolved, ["core", "imgproc", "objdetect"]);
    }

    #[test]
    fn misspelt_name_gets_a_suggestion() {
        let catalog = Catalog::embedded();
        let error = catalog
            .resolve_modules(&["objdetct".into()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `objdetect`?"), "{error}");
        let error = catalog
            .check_codecs(&["gif".to_owned()].into())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("unknown codec `gif`"), "{error}");
    }
}
