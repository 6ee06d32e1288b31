//! The files that cargo read to build a program, from the file that it writes beside it.
//! Source: The Cargo Book, "Build Cache", dep-info files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;

/// The folders of the files from which `program` was built. Relative paths are below `root`.
///
/// # Errors
/// There is no such file beside the program.
pub(super) fn source_folders(program: &Path, root: &Path) -> Result<BTreeSet<PathBuf>> {
    let text = fs::read_to_string(program.with_added_extension("d"))?;
    let folders = dependencies(&text).into_iter();
    Ok(folders
        .filter_map(|file| root.join(file).parent().map(Path::to_owned))
        .collect())
}

/// What follows the colon of the first line: paths separated by spaces; a space in a path has a backslash before it.
fn dependencies(text: &str) -> Vec<String> {
    let line = text.lines().next().unwrap_or_default();
    let Some((_, list)) = line.split_once(": ") else {
        return Vec::new();
    };
    let mut paths = vec![String::new()];
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, paths.last_mut()) {
            ('\\', Some(path)) if letters.peek() == Some(&' ') => {
                path.push(' ');
                letters.next();
            }
            (' ', _) => paths.push(String::new()),
            (_, Some(path)) => path.push(letter),
            (_, None) => {}
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_contain_spaces() {
        let text = "/t/debug/bootstrap: /p/src/main.rs /p/my\\ function/src/lib.rs\n\n/p/src/main.rs:\n";
        assert_eq!(dependencies(text), ["/p/src/main.rs", "/p/my function/src/lib.rs"]);
        assert!(dependencies("").is_empty() && dependencies("/t/bootstrap:\n").is_empty());
    }

    #[test]
    fn folders_are_those_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bootstrap");
        fs::write(
            folder.path().join("bootstrap.d"),
            "bootstrap: /p/src/a.rs src/b.rs /p/src/c.rs\n",
        )
        .unwrap();
        let found = source_folders(&program, Path::new("/w")).unwrap();
        assert_eq!(found, ["/p/src", "/w/src"].map(PathBuf::from).into());
        assert!(source_folders(&folder.path().join("other"), Path::new("/w")).is_err());
    }
}
