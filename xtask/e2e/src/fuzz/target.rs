//! The list of fuzz targets, as the crate's `Cargo.toml` has it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::Deserialize;

/// One fuzz target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name of its program.
    pub name: String,
    /// The longest input, in bytes.
    pub longest: usize,
    /// The file of words that are put into inputs.
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
    fuzzers: BTreeMap<String, Facts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    longest: usize,
    dictionary: Option<String>,
}

#[derive(Deserialize)]
struct Program {
    name: String,
}

/// The targets of the crate in `package`: those in `wanted`, or all where that is empty.
pub fn targets(package: &Path, wanted: &[String]) -> Result<Vec<Target>> {
    let path = package.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    parse(&text, wanted).with_context(|| format!("failed to use `{}`", path.display()))
}

fn parse(text: &str, wanted: &[String]) -> Result<Vec<Target>> {
    let manifest: Manifest = toml::from_str(text)?;
    let facts = manifest.package.metadata.fuzzers;
    let programs: Vec<_> = manifest.bin.iter().map(|program| &program.name).collect();
    ensure!(
        facts.keys().eq(programs.iter().copied()),
        "the programs are {programs:?}, and `package.metadata.fuzzers` has {:?}",
        facts.keys()
    );
    for name in wanted {
        ensure!(
            facts.contains_key(name),
            "there is no fuzzer `{name}`; there are {programs:?}"
        );
    }
    let targets = facts
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    let target = |(name, facts): (String, Facts)| Target {
        name,
        longest: facts.longest,
        dictionary: facts.dictionary,
    };
    Ok(targets.map(target).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../../fuzz/Cargo.toml");

    #[test]
    fn targets_are_listed_and_chosen_by_name() {
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
    fn a_program_without_facts_is_refused() {
        let text = TEXT.replace("zip = {", "zap = {");
        let error = parse(&text, &[]).unwrap_err().to_string();
        assert!(error.contains("zap"), "{error}");
    }
}
