//! Lambda's runtimes and what they have for programs in zip archives, from `data/runtimes.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Architecture, Error, GlibcVersion, Result};

/// The prefixes of runtimes that start a function in a language, without a program of its own.
const MANAGED_FAMILIES: [&str; 5] = ["dotnet", "java", "nodejs", "python", "ruby"];
const OS_ONLY_FAMILY: &str = "provided";
/// Where the interpreters of managed runtimes are.
pub(crate) const LANGUAGE_FOLDER: &str = "/var/lang/bin";
/// The runtime of functions that name none.
pub(crate) const DEFAULT_RUNTIME: &str = "provided.al2023";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Runtimes {
    /// The date of `runtimes`.
    date: String,
    operating_systems: BTreeMap<String, OperatingSystem>,
    runtimes: BTreeMap<String, KnownRuntime>,
    language_programs: BTreeMap<String, Vec<String>>,
    pub(crate) environment: DefinedEnvironment,
}

/// A runtime of the table. All dates are like `2026-11-29`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownRuntime {
    system: Option<String>,
    deprecated: Option<String>,
    no_create: Option<String>,
    no_update: Option<String>,
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
    x86_64_libraries: Vec<String>,
    uncertain_libraries: Vec<String>,
    programs: Vec<String>,
}

/// A runtime by its name.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) name: String,
    /// None for Amazon Linux 1, whose files are not known.
    pub(crate) system: Option<&'static OperatingSystem>,
    /// Whether it starts code in a language, and not a program called `bootstrap`.
    pub(crate) is_managed: bool,
    /// Whether it is in the list.
    pub(crate) is_known: bool,
    pub(crate) deprecation: Option<Deprecation>,
    /// The paths of its interpreters.
    pub(crate) language_programs: Vec<String>,
}

/// What Lambda no longer does for a deprecated runtime.
#[derive(Debug)]
pub(crate) struct Deprecation {
    /// The dates, in a sentence.
    pub(crate) description: String,
    /// Whether functions cannot be updated any more.
    pub(crate) is_blocked: bool,
}

pub(crate) static RUNTIMES: LazyLock<Runtimes> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/runtimes.toml"))
        .unwrap_or_else(|error| unreachable!("data/runtimes.toml is invalid: {error}"))
});

impl Runtime {
    /// # Errors
    /// Lambda has no such family of runtimes; the error lists those that are not deprecated.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let known = RUNTIMES.runtimes.get(name);
        let is_in = |family: &&str| {
            let version = name.strip_prefix(family).map(|rest| rest.trim_start_matches('.'));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit() || c == 'a'))
        };
        let is_managed = MANAGED_FAMILIES.iter().any(is_in);
        if known.is_none() && !is_managed && !is_in(&OS_ONLY_FAMILY) {
            let current = RUNTIMES.runtimes.iter().filter(|(_, known)| known.deprecated.is_none());
            let names: Vec<_> = current.map(|(name, _)| name.as_str()).collect();
            let names = names.join(", ");
            return Err(Error::Other(format!("Lambda has no runtime `{name}`; it has {names}")));
        }
        let newest = &RUNTIMES.runtimes[DEFAULT_RUNTIME];
        let system = known.unwrap_or(newest).system.as_ref();
        let languages = RUNTIMES.language_programs.iter();
        let programs = languages.filter(|(language, _)| name.starts_with(language.as_str()));
        let programs = programs.flat_map(|(_, programs)| programs.iter().map(String::as_str));
        let programs = programs.chain([name]);
        Ok(Self {
            name: name.to_owned(),
            system: system.map(|system| &RUNTIMES.operating_systems[system]),
            is_managed: !name.starts_with(OS_ONLY_FAMILY),
            is_known: known.is_some(),
            deprecation: known.and_then(KnownRuntime::deprecation),
            language_programs: programs.map(|program| format!("{LANGUAGE_FOLDER}/{program}")).collect(),
        })
    }
}

impl KnownRuntime {
    fn deprecation(&self) -> Option<Deprecation> {
        let (deprecated, no_create) = (self.deprecated.as_ref()?, self.no_create.as_ref()?);
        let no_update = self.no_update.as_ref()?;
        let date = &RUNTIMES.date;
        Some(Deprecation {
            description: format!(
                "deprecated since {deprecated}: Lambda creates no functions with it from {no_create}, and updates none \
                 from {no_update} (as of {date})"
            ),
            is_blocked: no_update <= date,
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
        let own: &[String] = match architecture {
            Architecture::X86_64 => &self.x86_64_libraries,
            Architecture::Aarch64 => &[],
        };
        let loader = loader[0].rsplit('/').next();
        let libraries = self.libraries.iter().chain(own).map(String::as_str).chain(loader);
        let libraries = libraries.map(|name| ("lib64", name));
        let programs = self.programs.iter().map(|name| ("bin", name.as_str()));
        for (folder, name) in libraries.chain(programs) {
            files.insert(format!("/{folder}/{name}"));
            files.insert(format!("/usr/{folder}/{name}"));
        }
        files
    }

    /// Whether functions are said not to have found a library of the list.
    pub(crate) fn is_uncertain(&self, library: &str) -> bool {
        self.uncertain_libraries.iter().any(|name| name == library)
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
        assert!(!default.is_managed && default.is_known && default.deprecation.is_none());
        assert!(old.system.unwrap().glibc < default.system.unwrap().glibc);
        assert!(find("python3.13").is_managed && find("java8.al2").is_managed && find("go1.x").is_managed);
        assert!(!find("provided").is_managed && find("provided").system.is_none());
        let newer = find("python3.99");
        assert!(newer.is_managed && !newer.is_known && newer.deprecation.is_none());
        for name in ["", "go", "python", "pythonx", "php8", "providedx"] {
            let error = Runtime::find(name).unwrap_err().to_string();
            assert!(
                error.contains("it has dotnet10, java11") && !error.contains("go1.x"),
                "{error}"
            );
        }
    }

    #[test]
    fn deprecated_runtimes_have_all_dates() {
        for (name, known) in &RUNTIMES.runtimes {
            let dates = [&known.deprecated, &known.no_create, &known.no_update];
            let count = dates.iter().filter(|date| date.is_some()).count();
            assert!(count == 0 || count == 3, "{name}");
            for date in dates.into_iter().flatten().chain([&RUNTIMES.date]) {
                let bytes = date.as_bytes();
                assert!(bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-', "{date}");
            }
            Runtime::find(name).unwrap();
        }
        let blocked = |name| Runtime::find(name).unwrap().deprecation.unwrap().is_blocked;
        assert!(blocked("python2.7") && !blocked("python3.9"));
    }

    #[test]
    fn every_operating_system_has_a_source_and_versions_compare_as_numbers() {
        for system in RUNTIMES.operating_systems.values() {
            assert!(!system.source.is_empty() && !system.date.is_empty());
            assert!(system.libraries.contains(&"libgcc_s.so.1".to_owned()));
            assert!(system.defines(&format!("GLIBC_{}", system.glibc)));
            let mut uncertain = system.uncertain_libraries.iter();
            assert!(uncertain.all(|name| system.libraries.contains(name)));
        }
        let system = Runtime::find(DEFAULT_RUNTIME).unwrap().system.unwrap();
        for version in [
            "GLIBC_2.2.5",
            "GLIBC_2.34",
            "GLIBCXX_3.4.9",
            "GLIBCXX_3.4.33",
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
            "GLIBCXX_3.4.34",
            "CXXABI_1.3.16",
        ] {
            assert!(!system.defines(version), "{version}");
        }
    }

    #[test]
    fn files_have_both_paths() {
        let system = Runtime::find(DEFAULT_RUNTIME).unwrap().system.unwrap();
        let files = system.files(Architecture::Aarch64);
        for path in [
            "/lib/ld-linux-aarch64.so.1",
            "/usr/lib64/libc.so.6",
            "/bin/sh",
            "/usr/bin/env",
        ] {
            assert!(files.contains(path), "{path}");
        }
        for path in ["/lib64/ld-linux-x86-64.so.2", "/lib64/libmvec.so.1"] {
            assert!(!files.contains(path), "{path}");
            assert!(system.files(Architecture::X86_64).contains(path), "{path}");
        }
    }
}
