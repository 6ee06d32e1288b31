//! Lambda's runtimes and what they have for programs in zip archives, from `data/runtimes.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Architecture, Error, GlibcVersion, Result};

/// The prefixes of runtimes that start a function in a language, without a program of its own.
const MANAGED_FAMILIES: [&str; 5] = ["dotnet", "java", "nodejs", "python", "ruby"];
const OS_ONLY_FAMILY: &str = "provided";
/// The runtime of functions that name none.
pub(crate) const DEFAULT_RUNTIME: &str = "provided.al2023";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Runtimes {
    operating_systems: BTreeMap<String, OperatingSystem>,
    runtimes: BTreeMap<String, String>,
    pub(crate) environment: DefinedEnvironment,
}

/// The variables that Lambda sets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
pub(crate) struct DefinedEnvironment {
    pub(crate) path: Vec<String>,
    pub(crate) ld_library_path: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatingSystem {
    #[allow(dead_code, reason = "for those who change the data")]
    source: String,
    /// The year and month of the list.
    pub(crate) date: String,
    pub(crate) glibc: GlibcVersion,
    symbol_versions: Vec<String>,
    libraries: Vec<String>,
    programs: Vec<String>,
}

/// A runtime by its name.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) name: String,
    pub(crate) system: &'static OperatingSystem,
    /// Whether it starts code in a language, and not a program called `bootstrap`.
    pub(crate) is_managed: bool,
    /// Whether it is in the list.
    pub(crate) is_known: bool,
}

pub(crate) static RUNTIMES: LazyLock<Runtimes> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/runtimes.toml"))
        .unwrap_or_else(|error| unreachable!("data/runtimes.toml is invalid: {error}"))
});

impl Runtime {
    /// # Errors
    /// Lambda has no such family of runtimes; the error lists the known ones.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let known = RUNTIMES.runtimes.get(name);
        let is_in = |family: &&str| {
            let version = name.strip_prefix(family).map(|rest| rest.trim_start_matches('.'));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit() || c == 'a'))
        };
        let is_managed = MANAGED_FAMILIES.iter().any(is_in);
        if known.is_none() && !is_managed && !is_in(&OS_ONLY_FAMILY) {
            let names: Vec<_> = RUNTIMES.runtimes.keys().map(String::as_str).collect();
            let names = names.join(", ");
            return Err(Error::Other(format!("Lambda has no runtime `{name}`; it has {names}")));
        }
        let newest = &RUNTIMES.runtimes[DEFAULT_RUNTIME];
        Ok(Self {
            name: name.to_owned(),
            system: &RUNTIMES.operating_systems[known.unwrap_or(newest)],
            is_managed,
            is_known: known.is_some(),
        })
    }
}

impl OperatingSystem {
    /// The paths of its loader, libraries and programs.
    pub(crate) fn files(&self, architecture: Architecture) -> BTreeSet<String> {
        let loader = match architecture {
            Architecture::X86_64 => ["/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"],
            Architecture::Aarch64 => ["/lib/ld-linux-aarch64.so.1", "/usr/lib/ld-linux-aarch64.so.1"],
        };
        let mut files = BTreeSet::from(loader.map(str::to_owned));
        let name = loader[0].rsplit('/').next().unwrap_or_default();
        for (names, folder) in [(&self.libraries, "lib64"), (&self.programs, "bin")] {
            for name in names
                .iter()
                .map(String::as_str)
                .chain((folder == "lib64").then_some(name))
            {
                files.insert(format!("/{folder}/{name}"));
                files.insert(format!("/usr/{folder}/{name}"));
            }
        }
        files
    }

    /// Whether its libraries define a symbol version such as `GLIBCXX_3.4.29`. Families that are not listed count as
    /// defined.
    pub(crate) fn defines(&self, version: &str) -> bool {
        let Some((family, number)) = version.rsplit_once('_') else {
            return true;
        };
        let newest = self.symbol_versions.iter().find_map(|newest| {
            let newest = newest.strip_prefix(family)?;
            newest.strip_prefix('_')
        });
        // `GLIBC_PRIVATE` and `GLIBC_ABI_DT_RELR` are not promised by any release.
        let Some(newest) = newest else {
            return !version.starts_with("GLIBC_");
        };
        let numbers = |text: &str| {
            text.split('.')
                .map(|part| part.parse().ok())
                .collect::<Option<Vec<u32>>>()
        };
        match (numbers(number), numbers(newest)) {
            (Some(number), Some(newest)) => number <= newest,
            _ => !version.starts_with("GLIBC_"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_found_by_name_or_family() {
        let find = |name| Runtime::find(name).unwrap();
        let (default, old) = (find(DEFAULT_RUNTIME), find("provided.al2"));
        assert!(!default.is_managed && default.is_known);
        assert!(old.system.glibc < default.system.glibc);
        assert!(find("python3.13").is_managed && find("java8.al2").is_managed);
        let newer = find("python3.99");
        assert!(newer.is_managed && !newer.is_known);
        for name in ["", "go", "python", "pythonx", "php8", "providedx"] {
            let error = Runtime::find(name).unwrap_err().to_string();
            assert!(error.contains("it has dotnet10"), "{error}");
        }
    }

    #[test]
    fn every_operating_system_has_a_source_and_versions_compare_as_numbers() {
        for system in RUNTIMES.operating_systems.values() {
            assert!(!system.source.is_empty() && !system.date.is_empty());
            assert!(system.libraries.contains(&"libgcc_s.so.1".to_owned()));
            assert!(system.defines(&format!("GLIBC_{}", system.glibc)));
        }
        let system = Runtime::find(DEFAULT_RUNTIME).unwrap().system;
        for version in [
            "GLIBC_2.2.5",
            "GLIBC_2.34",
            "GLIBCXX_3.4.9",
            "CXXABI_1.3",
            "GCC_3.0",
            "OPENSSL_3.0.0",
        ] {
            assert!(system.defines(version), "{version}");
        }
        for version in [
            "GLIBC_2.35",
            "GLIBC_PRIVATE",
            "GLIBC_ABI_DT_RELR",
            "GLIBCXX_3.4.30",
            "CXXABI_1.3.14",
        ] {
            assert!(!system.defines(version), "{version}");
        }
    }

    #[test]
    fn files_have_both_paths() {
        let system = Runtime::find(DEFAULT_RUNTIME).unwrap().system;
        let files = system.files(Architecture::Aarch64);
        for path in [
            "/lib/ld-linux-aarch64.so.1",
            "/usr/lib64/libc.so.6",
            "/bin/sh",
            "/usr/bin/env",
        ] {
            assert!(files.contains(path), "{path}");
        }
        assert!(!files.contains("/lib64/ld-linux-x86-64.so.2"));
    }
}
