//! Writes files, and replaces only those that an earlier run wrote and nobody changed: their digests are in a list
//! beside them, in the format of `sha256sum`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};
use fs_err as fs;
use layer::Digest;
use serde::Serialize;
use support::atomic;

use super::template::EmittedFile;

const LIST: &str = ".emitted.sha256";

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileChange {
    name: String,
    change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Created,
    Replaced,
    Unchanged,
}

/// The digests of what was written by each name: two, if a run was interrupted.
type Digests = BTreeMap<String, BTreeSet<String>>;

/// # Errors
/// A file is there that is not one of an earlier run, or was changed since. Nothing is written then.
pub fn write(files: &[EmittedFile], folder: &Path) -> Result<Vec<FileChange>> {
    let mut written = read_list(folder)?;
    let mut changes = Vec::new();
    let mut foreign = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        let found = if path.exists() { Some(fs::read(&path)?) } else { None };
        let is_own = |found: &[u8]| written.get(&file.name).is_some_and(|all| all.contains(&digest(found)));
        let change = match found {
            None => Change::Created,
            Some(found) if found == file.text.as_bytes() => Change::Unchanged,
            Some(found) if is_own(&found) => Change::Replaced,
            Some(_) => {
                foreign.push(format!("`{}`", path.display()));
                continue;
            }
        };
        changes.push(FileChange {
            name: file.name.clone(),
            change,
        });
    }
    if !foreign.is_empty() {
        bail!(
            "{} would be overwritten, but was written or changed by someone else; move it away, or choose another \
             folder with `--out`",
            foreign.join(", ")
        );
    }
    // Until all files are replaced, both the old and the new ones are known.
    for file in files {
        let digests = written.entry(file.name.clone()).or_default();
        digests.insert(digest(file.text.as_bytes()));
    }
    write_list(folder, &written)?;
    for (file, change) in files.iter().zip(&changes) {
        if change.change != Change::Unchanged {
            atomic::write(&folder.join(&file.name), file.text.as_bytes())?;
        }
    }
    for file in files {
        let digests = BTreeSet::from([digest(file.text.as_bytes())]);
        written.insert(file.name.clone(), digests);
    }
    write_list(folder, &written)?;
    Ok(changes)
}

fn digest(content: &[u8]) -> String {
    Digest::of(content).hex()
}

fn read_list(folder: &Path) -> Result<Digests> {
    let path = folder.join(LIST);
    if !path.exists() {
        return Ok(Digests::new());
    }
    let text = fs::read_to_string(&path)?;
    let mut digests = Digests::new();
    for (digest, name) in text.lines().filter_map(|line| line.split_once("  ")) {
        digests.entry(name.to_owned()).or_default().insert(digest.to_owned());
    }
    Ok(digests)
}

fn write_list(folder: &Path, digests: &Digests) -> Result<()> {
    let lines = digests
        .iter()
        .flat_map(|(name, digests)| digests.iter().map(move |digest| format!("{digest}  {name}\n")));
    let text = lines.collect::<Vec<_>>().concat();
    atomic::write(&folder.join(LIST), text.as_bytes())
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            Change::Created => "created",
            Change::Replaced => "replaced",
            Change::Unchanged => "unchanged",
        };
        write!(f, "{} {change}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> EmittedFile {
        EmittedFile::new(name, text.to_owned())
    }

    fn shown(changes: &[FileChange]) -> Vec<String> {
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn own_files_are_replaced_and_others_are_not() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new");
        let one = [file("a", "1"), file("b", "1")];
        assert_eq!(shown(&write(&one, &folder).unwrap()), ["a created", "b created"]);
        let two = [file("a", "2"), file("b", "1")];
        assert_eq!(shown(&write(&two, &folder).unwrap()), ["a replaced", "b unchanged"]);

        fs::write(folder.join("b"), "edited").unwrap();
        let three = [file("a", "3"), file("b", "3"), file("c", "3")];
        let error = write(&three, &folder).unwrap_err().to_string();
        assert!(
            error.contains("/b`") && error.contains("--out") && !error.contains("/a`"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "2");
        assert!(!folder.join("c").exists());
    }

    #[test]
    fn an_interrupted_run_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        write(&[file("a", "1"), file("b", "1")], folder.path()).unwrap();
        // A folder, in whose place no file can be.
        fs::create_dir(folder.path().join("c")).unwrap();
        let two = [file("a", "2"), file("b", "2")];
        let failing = [&two[..], &[file("c/x", "2"), file("c/x/y", "2")]].concat();
        write(&failing, folder.path()).unwrap_err();
        assert_eq!(fs::read_to_string(folder.path().join("a")).unwrap(), "2");
        let three = [file("a", "3"), file("b", "1")];
        let changes = write(&three, folder.path()).unwrap();
        assert_eq!(shown(&changes), ["a replaced", "b replaced"]);
    }

    #[test]
    fn files_of_others_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("README.md"), "mine").unwrap();
        assert!(write(&[file("README.md", "other")], folder.path()).is_err());
        let changes = write(&[file("README.md", "mine")], folder.path()).unwrap();
        assert_eq!(shown(&changes), ["README.md unchanged"]);
    }
}
