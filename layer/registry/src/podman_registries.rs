//! The registries of podman, buildah and skopeo, as far as they say which ones are insecure. Source:
//! containers-registries.conf(5), versions 1 and 2 of the format.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

#[derive(Default)]
pub(crate) struct PodmanRegistries {
    /// Whether the images below a prefix are insecure.
    insecure: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
struct Document {
    /// Version 2.
    #[serde(default)]
    registry: Vec<Registry>,
    /// Version 1.
    registries: Option<OldRegistries>,
}

#[derive(Deserialize)]
struct Registry {
    prefix: Option<String>,
    location: Option<String>,
    #[serde(default)]
    insecure: bool,
}

#[derive(Deserialize)]
struct OldRegistries {
    insecure: Option<OldList>,
}

#[derive(Deserialize)]
struct OldList {
    #[serde(default)]
    registries: Vec<String>,
}

impl PodmanRegistries {
    /// Adds a file, which takes precedence over earlier ones.
    pub fn add(&mut self, text: &str) -> Result<()> {
        let document: Document = toml::from_str(text)?;
        for registry in document.registry {
            let set = |text: Option<String>| text.filter(|text| !text.is_empty());
            if let Some(prefix) = set(registry.prefix).or(set(registry.location)) {
                self.insecure.insert(prefix, registry.insecure);
            }
        }
        let old = document.registries.and_then(|registries| registries.insecure);
        for name in old.into_iter().flat_map(|list| list.registries) {
            self.insecure.insert(name, true);
        }
        Ok(())
    }

    /// The longest prefix decides.
    pub fn is_insecure(&self, registry: &str, repository: &str) -> bool {
        let matching = self
            .insecure
            .iter()
            .filter(|(prefix, _)| matches(prefix, registry, repository));
        matching
            .max_by_key(|(prefix, _)| prefix.len())
            .is_some_and(|(_, insecure)| *insecure)
    }
}

/// Whether `prefix` is that of a repository: a host, a host and the begin of a path, or `*.DOMAIN`.
fn matches(prefix: &str, registry: &str, repository: &str) -> bool {
    if let Some(domain) = prefix.strip_prefix('*') {
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        return domain.starts_with('.') && (registry.ends_with(domain) || host.ends_with(domain));
    }
    let name = format!("{registry}/{repository}");
    match name.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insecure(text: &str, registry: &str, repository: &str) -> bool {
        let mut registries = PodmanRegistries::default();
        registries.add(text).unwrap();
        registries.is_insecure(registry, repository)
    }

    #[test]
    fn longest_prefix_decides() {
        let text = r#"
            unqualified-search-registries = ["docker.io"]

            [[registry]]
            location = "h.example:5000"
            insecure = true

            [[registry]]
            prefix = "h.example:5000/safe"
            location = "elsewhere.example"

            [[registry]]
            prefix = "*.wild.example"
            insecure = true
        "#;
        assert!(insecure(text, "h.example:5000", "a"));
        assert!(insecure(text, "h.example:5000", "safely"));
        assert!(!insecure(text, "h.example:5000", "safe/a"));
        assert!(!insecure(text, "h.example", "a"));
        assert!(!insecure(text, "elsewhere.example", "a"));
        assert!(insecure(text, "a.wild.example:5000", "a"));
        assert!(!insecure(text, "wild.example", "a"));
        assert!(!insecure("", "h.example", "a"));
    }

    #[test]
    fn first_version_of_the_format_is_understood() {
        let text =
            "[registries.search]\nregistries = ['docker.io']\n\n[registries.insecure]\nregistries = ['h.example']\n";
        assert!(insecure(text, "h.example", "a"));
        assert!(!insecure(text, "docker.io", "a"));
    }

    #[test]
    fn later_files_take_precedence() {
        let mut registries = PodmanRegistries::default();
        for insecure in [true, false] {
            registries
                .add(&format!("[[registry]]\nlocation = 'h.example'\ninsecure = {insecure}"))
                .unwrap();
            assert_eq!(registries.is_insecure("h.example", "a"), insecure);
        }
        assert!(registries.add("[[registry]]\ninsecure = 'yes'").is_err());
    }
}
