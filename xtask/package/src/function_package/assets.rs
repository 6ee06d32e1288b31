//! The files that are packed with a function's program: those of the key `assets`, in a fixed order.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use support::files::sorted_entries;

/// A file in the task root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetFile {
    /// Relative to the task root.
    pub path: String,
    pub file: PathBuf,
    pub is_program: bool,
}

/// All files of `assets`, which are files and folders below `folder`, with the same relative paths.
///
/// # Errors
/// One does not exist, is a link to a file outside `folder`, or has no name in UTF-8.
pub(super) fn collect(folder: &Path, assets: &[String]) -> Result<Vec<AssetFile>> {
    let root = fs::canonicalize(folder)?;
    let mut files = Vec::new();
    for asset in assets {
        let path = asset.trim_end_matches('/');
        add(&root, path, &folder.join(path), &mut files)
            .with_context(|| format!("`{asset}` in `assets` cannot be used"))?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let duplicate = files.windows(2).find(|pair| pair[0].path == pair[1].path);
    if let Some([first, _]) = duplicate {
        anyhow::bail!("`{}` is twice in `assets`; leave one out", first.path);
    }
    Ok(files)
}

fn add(root: &Path, path: &str, file: &Path, files: &mut Vec<AssetFile>) -> Result<()> {
    let real = fs::canonicalize(file)?;
    ensure!(
        real.starts_with(root),
        "`{}` is a link to `{}`, which is outside the package's folder",
        file.display(),
        real.display()
    );
    let metadata = fs::metadata(file)?;
    if metadata.is_dir() {
        for entry in sorted_entries(file)? {
            let name = entry.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("the name of `{}` is not UTF-8", entry.display()))?;
            add(root, &format!("{path}/{name}"), &entry, files)?;
        }
        return Ok(());
    }
    ensure!(
        metadata.is_file(),
        "`{}` is neither a file nor a folder",
        file.display()
    );
    files.push(AssetFile {
        path: path.to_owned(),
        file: file.to_owned(),
        is_program: metadata.permissions().mode() & 0o111 != 0,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use fs_err::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("package").join(name);
        fs::create_dir_all(at("models/b")).unwrap();
        for name in ["models/z.onnx", "models/b/a.txt", "run.sh"] {
            fs::write(at(name), name).unwrap();
        }
        fs::set_permissions(at("run.sh"), Permissions::from_mode(0o755)).unwrap();
        symlink("z.onnx", at("models/link")).unwrap();
        let collect = |assets: &[&str]| {
            let assets: Vec<_> = assets.iter().map(|&asset| asset.to_owned()).collect();
            super::collect(&at("."), &assets)
        };
        let files = collect(&["run.sh", "models/"]).unwrap();
        let found: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.is_program)).collect();
        let expected = [
            ("models/b/a.txt", false),
            ("models/link", false),
            ("models/z.onnx", false),
            ("run.sh", true),
        ];
        assert_eq!(found, expected);

        fs::write(folder.path().join("secret"), "").unwrap();
        symlink("../../secret", at("models/outside")).unwrap();
        let error = |assets: &[&str]| format!("{:#}", collect(assets).unwrap_err());
        assert!(
            error(&["models"]).contains("outside the package's folder"),
            "{}",
            error(&["models"])
        );
        assert!(error(&["none"]).starts_with("`none` in `assets` cannot be used: "));
        assert!(error(&["run.sh", "run.sh"]).contains("`run.sh` is twice in `assets`"));
    }
}
