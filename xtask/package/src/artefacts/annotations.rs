//! OCI annotations of an image, from git and Cargo, with the keys of
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>. They are reproducible: they contain
//! neither paths nor dates.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::git::head;
use crate::workspace::Workspace;

pub(super) const PREFIX: &str = "org.opencontainers.image";

pub fn oci_annotations(
    workspace: &Workspace,
    title: &str,
    description: &str,
    version: &str,
) -> Result<BTreeMap<String, String>> {
    let revision = revision(workspace.root())?.unwrap_or_default();
    let all = [
        ("title", title),
        ("description", description),
        ("version", version),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("source", env!("CARGO_PKG_REPOSITORY")),
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
