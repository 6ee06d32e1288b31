//! What an image says of itself, from git and Cargo, by the names of
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>. The same source says the
//! same: neither the folder nor the day is in it.

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
    let revision = revision(workspace.root())?;
    let all = [
        ("title", Some(title.to_owned())),
        ("description", Some(description.to_owned())),
        ("version", Some(version.to_owned())),
        ("licenses", Some(env!("CARGO_PKG_LICENSE").to_owned())),
        ("source", Some(env!("CARGO_PKG_REPOSITORY").to_owned())),
        ("revision", revision),
    ];
    let said = all.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((format!("{PREFIX}.{name}"), value))
    });
    Ok(said.collect())
}

/// The commit that is checked out in `root`, with a mark where files were changed after it.
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
