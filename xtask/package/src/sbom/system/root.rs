//! The root folder of a file system, with its package manager's database.

use std::path::{Path, PathBuf};

use fs_err as fs;

pub(super) struct Root<'a> {
    folder: &'a Path,
}

impl<'a> Root<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The file with the path `path` in the root folder.
    pub(super) fn file(&self, path: &Path) -> PathBuf {
        self.folder.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// dpkg-query's options.
    pub(super) fn dpkg_options(&self) -> Vec<String> {
        self.options("--admindir", "var/lib/dpkg")
    }

    /// rpm's options: its `--root` needs root, because it changes the root folder of its process.
    pub(super) fn rpm_options(&self) -> Vec<String> {
        let databases = ["usr/lib/sysimage/rpm", "var/lib/rpm"];
        let found = databases.into_iter().find(|folder| self.folder.join(folder).is_dir());
        self.options("--dbpath", found.unwrap_or(databases[1]))
    }

    /// An option that names a folder in another root than this machine's.
    fn options(&self, option: &str, folder: &str) -> Vec<String> {
        let is_own = self.folder == Path::new("/");
        let named = (!is_own).then(|| format!("{option}={}", self.folder.join(folder).display()));
        named.into_iter().collect()
    }

    /// The paths in the root folder by which a package manager may list a file: where `/lib` is a link to `/usr/lib`, a
    /// package can still contain the old path.
    pub(super) fn path_aliases(&self, file: &Path) -> Vec<PathBuf> {
        let own = |path: &Path| Path::new("/").join(path.strip_prefix(self.folder).unwrap_or(path));
        let mut names = vec![own(file)];
        names.extend(fs::canonicalize(file).map(|path| own(&path)));
        for name in names.clone() {
            names.push(match name.strip_prefix("/usr") {
                Ok(below) => Path::new("/").join(below),
                Err(_) => Path::new("/usr").join(name.strip_prefix("/").unwrap_or(&name)),
            });
        }
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_aliases_include_usr_merged_paths() {
        let aliases = |root: &str, file: &str| Root::new(Path::new(root)).path_aliases(Path::new(file));
        let names = aliases("/", "/usr/lib/nowhere/libc.so.6");
        assert!(names.contains(&"/lib/nowhere/libc.so.6".into()), "{names:?}");
        for (root, file) in [
            ("/", "/lib/nowhere/libc.so.6"),
            ("/root folder", "/root folder/lib/nowhere/libc.so.6"),
        ] {
            let names = aliases(root, file);
            assert!(names.contains(&"/usr/lib/nowhere/libc.so.6".into()), "{names:?}");
        }
    }

    #[test]
    fn package_managers_need_no_options_for_this_machine() {
        assert!(Root::new(Path::new("/")).dpkg_options().is_empty());
        let other = Root::new(Path::new("/r"));
        assert_eq!(other.dpkg_options(), ["--admindir=/r/var/lib/dpkg"]);
        assert_eq!(other.rpm_options(), ["--dbpath=/r/var/lib/rpm"]);
        assert_eq!(other.file(Path::new("/etc/os-release")), Path::new("/r/etc/os-release"));
    }
}
