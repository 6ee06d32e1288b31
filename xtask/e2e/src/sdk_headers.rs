//! The SDK's headers declare only what its libraries define: what a build lacks must be an error of the compiler and
//! not of the linker. libclang reads the declarations of all headers at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSymbol};
use opencv_build::{Sdk, Tools};
use serde::Deserialize;
use support::environment::restricted;
use support::files::{all_files, files_with_extension};
use support::run::{Shell, cmd, output};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    header: Vec<HeaderException>,
    declaration: Vec<DeclarationException>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderException {
    #[serde(rename = "reason")]
    _reason: String,
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclarationException {
    #[serde(rename = "reason")]
    _reason: String,
    beginnings: Vec<String>,
}

#[derive(Deserialize)]
struct Declaration {
    declaration: String,
    header: String,
}

/// Compares the declarations with the symbols of the libraries.
pub fn test(sdk: &Sdk, tools: &Tools) -> Result<()> {
    let exceptions: Exceptions = toml::from_str(include_str!("../data/sdk-headers/exceptions.toml"))
        .context("data/sdk-headers/exceptions.toml is invalid")?;
    let declared = declarations(sdk, tools, &headers(sdk, &exceptions)?)?;
    ensure!(declared.len() > 1000, "only {} declarations were found", declared.len());
    let defined = defined_symbols(sdk)?;
    let undefined = declared.iter().filter(|(symbol, _)| !is_defined(symbol, &defined));
    let undefined: Vec<_> = undefined.map(|(_, declaration)| declaration).collect();
    let beginnings = exceptions
        .declaration
        .iter()
        .flat_map(|exception| &exception.beginnings);
    let beginnings: Vec<_> = beginnings.collect();
    let wrong: Vec<_> = undefined
        .iter()
        .filter(|found| !beginnings.iter().any(|known| found.declaration.starts_with(*known)))
        .map(|found| format!("\n  {}: {}", found.header, found.declaration))
        .collect();
    ensure!(
        wrong.is_empty(),
        "{} declarations are in no library; cut them in opencv-build/data/trim.toml:{}",
        wrong.len(),
        wrong.concat()
    );
    let unused = |known: &&&String| {
        !undefined
            .iter()
            .any(|found| found.declaration.starts_with(known.as_str()))
    };
    let unused: Vec<_> = beginnings.iter().filter(unused).collect();
    ensure!(
        unused.is_empty(),
        "exceptions.toml lists what is defined or not declared: {unused:?}"
    );
    Ok(())
}

/// The headers that a program can include, with those first that others need.
fn headers(sdk: &Sdk, exceptions: &Exceptions) -> Result<Vec<String>> {
    let root = sdk.path().join("include/opencv4");
    let first = ["core.hpp", "core/utility.hpp", "core/simd_intrinsics.hpp"];
    let mut headers: Vec<_> = first.map(|name| format!("opencv2/{name}")).into();
    let mut prefixes: BTreeSet<_> = exceptions.header.iter().flat_map(|header| &header.prefixes).collect();
    let mut used = BTreeSet::new();
    for file in all_files(&root)? {
        let name = file.strip_prefix(&root)?.display().to_string();
        match prefixes.iter().find(|prefix| name.starts_with(prefix.as_str())) {
            Some(&prefix) => {
                used.insert(prefix);
            }
            None if !headers.contains(&name) => headers.push(name),
            None => {}
        }
    }
    prefixes.retain(|prefix| !used.contains(prefix));
    ensure!(prefixes.is_empty(), "exceptions.toml names no header with {prefixes:?}");
    Ok(headers)
}

/// What the headers declare and do not define, by symbol.
fn declarations(sdk: &Sdk, tools: &Tools, headers: &[String]) -> Result<BTreeMap<String, Declaration>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sdk-headers/declarations.py");
    let (sh, sdk) = (Shell::new()?, sdk.path());
    let python = opencv_build::internals::find_python()?;
    let command = restricted(cmd!(sh, "{python} {script} {sdk} {headers...}"), &[]);
    let command = command
        .env("PYTHONPATH", tools.python_path())
        .envs(tools.environment()?);
    serde_json::from_str(&output(command)?).context("declarations.py prints no declarations")
}

fn defined_symbols(sdk: &Sdk) -> Result<BTreeSet<String>> {
    let mut symbols = BTreeSet::new();
    for library in files_with_extension(&sdk.path().join("lib"), "a")? {
        read_symbols(&library, &mut symbols).with_context(|| format!("failed to read `{}`", library.display()))?;
    }
    Ok(symbols)
}

fn read_symbols(library: &Path, symbols: &mut BTreeSet<String>) -> Result<()> {
    let data = fs::read(library)?;
    let archive = ArchiveFile::parse(&*data)?;
    for member in archive.members() {
        let object = object::File::parse(member?.data(&*data)?)?;
        let defined = object
            .symbols()
            .filter(|symbol| symbol.is_global() && !symbol.is_undefined());
        symbols.extend(defined.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())));
    }
    Ok(())
}

/// libclang names one of the symbols of constructors and destructors; a library has those that differ.
fn is_defined(symbol: &str, defined: &BTreeSet<String>) -> bool {
    let variants = [("C1", "C2"), ("D1", "D2"), ("D0", "D2"), ("D1", "D0")];
    let others = variants.iter().map(|(from, to)| symbol.replace(from, to));
    defined.contains(symbol) || others.into_iter().any(|other| defined.contains(&other))
}
