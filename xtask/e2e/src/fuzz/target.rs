//! The list of fuzz targets in the `Cargo.toml` of the crate `fuzz`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    /// The maximum length of an input in bytes.
    pub max_len: usize,
    /// The name of its libFuzzer dictionary, without `.dict`.
    pub dictionary: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    bin: Vec<Program>,
}

#[derive(Deserialize)]
struct Package {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    fuzzers: BTreeMap<String, FuzzerSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FuzzerSettings {
    max_len: usize,
    dictionary: Option<String>,
}

#[derive(Deserialize)]
struct Program {
    name: String,
}

/// The targets of the crate in `package`: those in `wanted`, or all if that is empty.
pub fn targets(package: &Path, wanted: &[String]) -> Result<Vec<Target>> {
    let path = package.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    parse(&text, wanted).with_context(|| format!("failed to use `{}`", path.display()))
}

fn parse(text: &str, wanted: &[String]) -> Result<Vec<Target>> {
    let manifest: Manifest = toml::from_str(text)?;
    let settings = manifest.package.metadata.fuzzers;
    let programs: Vec<_> = manifest.bin.iter().map(|program| &program.name).collect();
    ensure!(
        settings.keys().eq(programs.iter().copied()),
        "the programs are {programs:?}, but `package.metadata.fuzzers` has {:?}",
        settings.keys()
    );
    for name in wanted {
        ensure!(
            settings.contains_key(name),
            "there is no fuzzer `{name}`; choose from {programs:?}"
        );
    }
    let targets = settings
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    let target = |(name, settings): (String, FuzzerSettings)| Target {
        name,
        max_len: settings.max_len,
        dictionary: settings.dictionary,
    };
    Ok(targets.map(target).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../../fuzz/Cargo.toml");

    #[test]
    fn targets_are_filtered_by_name() {
        let all = parse(TEXT, &[]).unwrap();
        assert!(all.iter().any(|target| target.name == "photo"));
        let wanted = ["tar".to_owned(), "photo".to_owned()];
        let chosen = parse(TEXT, &wanted).unwrap();
        let names: Vec<_> = chosen.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["photo", "tar"]);
        let error = parse(TEXT, &["foto".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no fuzzer `foto`"), "{error}");
    }

    #[test]
    fn a_program_without_settings_is_rejected() {
        let text = TEXT.replace("zip = {", "zap = {");
        let error = parse(&text, &[]).unwrap_err().to_string();
        assert!(error.contains("zap"), "{error}");
    }
}
