//! OCI annotations of an image, from git and Cargo, with the keys of
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>. They are reproducible: they contain
//! neither paths nor dates.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::function_package::FunctionPackage;
use crate::git::head;
use crate::workspace::Workspace;

pub(super) const PREFIX: &str = "org.opencontainers.image";

/// What the annotations of an image say; empty if unknown.
struct Described<'a> {
    title: &'a str,
    description: &'a str,
    version: &'a str,
    license: &'a str,
    repository: &'a str,
}

pub(super) fn of_function(package: &FunctionPackage) -> Result<BTreeMap<String, String>> {
    let described = Described {
        title: &package.name,
        description: &package.description,
        version: &package.version,
        license: &package.license,
        repository: &package.repository,
    };
    annotations(&package.workspace, &described)
}

/// The annotations of an image that contains the SDK, `version` of OpenCV.
pub(super) fn of_sdk(
    workspace: &Workspace,
    title: &str,
    description: &str,
    version: &str,
) -> Result<BTreeMap<String, String>> {
    let described = Described {
        title,
        description,
        version,
        license: env!("CARGO_PKG_LICENSE"),
        repository: env!("CARGO_PKG_REPOSITORY"),
    };
    annotations(workspace, &described)
}

fn annotations(workspace: &Workspace, described: &Described<'_>) -> Result<BTreeMap<String, String>> {
    let revision = revision(workspace.root())?.unwrap_or_default();
    let all = [
        ("title", described.title),
        ("description", described.description),
        ("version", described.version),
        ("licenses", described.license),
        ("source", described.repository),
        ("revision", &revision),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    let said = said.map(|(name, value)| (format!("{PREFIX}.{name}"), value.to_owned()));
    Ok(said.collect())
}

/// The commit that is checked out in `root`, with the suffix `-dirty` if files have changed.
fn revision(root: &Path) -> Result<Option<String>> {
    let found = head(root)?;
    Ok(found.map(|found| found.commit + if found.dirty { "-dirty" } else { "" }))
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::tests::checkout::commit;

    #[test]
    fn revision_is_the_commit_with_dirty_suffix() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(revision(at).unwrap(), None);
        commit(at, "file", "one");
        let clean = revision(at).unwrap().unwrap();
        assert_eq!(clean.len(), 40);
        fs::write(at.join("file"), "two").unwrap();
        assert_eq!(revision(at).unwrap().unwrap(), clean + "-dirty");
    }
}
