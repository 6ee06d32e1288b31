//! An SDK that was built elsewhere, as an alternative to building it here. The caller provides its files; this module
//! checks that they are exactly the SDK that a build here would give, and only then moves them to the final path. Does
//! not know where the files come from.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
use crate::paths::BuildPaths;
use crate::recipe::Recipe;
use crate::sdk::Sdk;
use support::files::{PARTIAL_PREFIX, file_name, replace_dir, sorted_entries, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::progress::print_status;

/// Writes the SDK with the given fingerprint to the given path, at which nothing exists, in a folder for partial
/// results. Returns `false` if there is no such SDK.
pub type PullSdk<'a> = dyn Fn(&Fingerprint, &Path) -> Result<bool, Box<dyn StdError + Send + Sync>> + 'a;

/// Where an SDK comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SdkOrigin {
    /// It was there, up to date.
    Cached,
    /// It was built elsewhere, and its files were verified.
    Pulled,
    /// It was built now.
    Built,
}

/// `sdk.json` has about 40 kB.
const MAX_MANIFEST_SIZE: u64 = 4 << 20;

/// Pulls the SDK for `recipe`. If there is none, or if it is unusable, nothing changes; the reason for the latter is
/// printed, and returned as the error.
pub(crate) fn pull(
    pull: &PullSdk<'_>,
    recipe: &Recipe,
    fingerprint: &Fingerprint,
    paths: &BuildPaths,
) -> Result<Option<Sdk>, String> {
    try_pull(pull, recipe, fingerprint, paths).map_err(|error| {
        let reason = format!("{error:#}");
        print_status(&format!(
            "warning: OpenCV is built here, because the SDK could not be pulled: {reason}"
        ));
        reason
    })
}

fn try_pull(pull: &PullSdk<'_>, recipe: &Recipe, fingerprint: &Fingerprint, paths: &BuildPaths) -> Result<Option<Sdk>> {
    let partial = temporary_dir_in(&paths.sdk_root(), PARTIAL_PREFIX)?;
    let folder = partial.path().join("sdk");
    if !pull(fingerprint, &folder).map_err(anyhow::Error::from_boxed)? {
        return Ok(None);
    }
    let manifest = verify(&folder, recipe, fingerprint).context("the pulled SDK was discarded")?;
    let path = paths.sdk_dir(&recipe.target);
    replace_dir(&path, &folder, partial.path())?;
    Ok(Some(Sdk::from_parts(&path, manifest)))
}

/// Checks that `folder` has the SDK for `recipe` and nothing else.
fn verify(folder: &Path, recipe: &Recipe, fingerprint: &Fingerprint) -> Result<Manifest> {
    let manifest = read_manifest(folder)?;
    ensure!(
        manifest.fingerprint == *fingerprint,
        "its fingerprint is {} instead of {fingerprint}, so it is another SDK than its tag says",
        manifest.fingerprint
    );
    let differs = [
        ("version", manifest.version != recipe.version),
        ("modules", manifest.modules != recipe.modules),
        ("codecs", manifest.codecs != recipe.codecs),
        ("decode_only", manifest.decode_only != recipe.decode_only),
        ("target", manifest.target != recipe.target),
        ("cpu", manifest.cpu != recipe.cpu),
        ("haar", manifest.haar != recipe.haar),
        ("cxx_standard", manifest.cxx_standard != recipe.cxx_standard),
    ];
    if let Some((key, _)) = differs.iter().find(|(_, differs)| *differs) {
        bail!("`{key}` in its sdk.json is not that of the recipe");
    }
    check_files(folder, &manifest)?;
    Ok(manifest)
}

fn read_manifest(folder: &Path) -> Result<Manifest> {
    let path = folder.join("sdk.json");
    let found = fs::symlink_metadata(&path).context("it has no sdk.json")?;
    ensure!(found.is_file(), "its sdk.json is not a file");
    let mut text = Vec::new();
    fs::File::open(&path)?
        .take(MAX_MANIFEST_SIZE + 1)
        .read_to_end(&mut text)?;
    ensure!(
        text.len() as u64 <= MAX_MANIFEST_SIZE,
        "its sdk.json has more than {MAX_MANIFEST_SIZE} bytes"
    );
    serde_json::from_slice(&text).context("its sdk.json cannot be read")
}

/// Checks that the files in `folder` are exactly those of `manifest`, with their sizes.
fn check_files(folder: &Path, manifest: &Manifest) -> Result<()> {
    let mut found = BTreeMap::new();
    collect_files(folder, "", &mut found)?;
    found.remove("sdk.json");
    for (name, bytes) in &manifest.files {
        match found.remove(name) {
            None => bail!("its file `{name}` is missing"),
            Some(other) if other != *bytes => bail!("its file `{name}` has {other} bytes instead of {bytes}"),
            Some(_) => {}
        }
    }
    if let Some(name) = found.keys().next() {
        bail!("its file `{name}` is not in its sdk.json");
    }
    let licences = manifest
        .third_party
        .iter()
        .flat_map(|component| &component.license_files);
    let libraries = manifest.libraries.iter().map(|library| format!("lib/{}", library.file));
    for name in licences.cloned().chain(libraries) {
        ensure!(
            manifest.files.contains_key(&name),
            "its sdk.json names the file `{name}`, which it does not have"
        );
    }
    Ok(())
}

/// Adds the sizes of all files in `folder`, by their paths below the SDK's root; `prefix` is that of `folder`.
fn collect_files(folder: &Path, prefix: &str, sizes: &mut BTreeMap<String, u64>) -> Result<()> {
    for path in sorted_entries(folder)? {
        let name = format!("{prefix}{}", file_name(&path));
        let found = fs::symlink_metadata(&path)?;
        if found.is_dir() {
            collect_files(&path, &format!("{name}/"), sizes)?;
        } else {
            ensure!(found.is_file(), "its entry `{name}` is neither a file nor a folder");
            let is_executable = found.permissions().mode() & 0o100 != 0;
            ensure!(
                is_executable || !name.starts_with("bin/"),
                "its program `{name}` cannot be executed"
            );
            sizes.insert(name, found.len());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
