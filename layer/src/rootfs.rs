//! Unpacks an image from its verified blobs into a folder, for machines without a container engine. Nothing is written
//! outside the folder, even if a layer has links to the outside: the crate `cap-std` resolves every path below it.

use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, Permissions, PermissionsExt};
use fs_err as fs;

use crate::entries::{Entry, EntryKind};
use crate::merged_file_system::OPAQUE_WHITEOUT;
use crate::scan::{layer_origin, read_layer};
use crate::tree::WHITEOUT_PREFIX;
use crate::{Error, Layout, Result, atomic};

impl Layout {
    /// Unpacks all layers into the folder `path`, replacing an existing folder.
    ///
    /// # Errors
    /// A blob has another digest than its name, is not a layer, or has an entry that leads out of the folder.
    pub fn unpack(&self, path: &Path) -> Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let partial = atomic::temporary_folder(parent)?;
        let folder = partial.path().join("root");
        fs::create_dir(&folder)?;
        let root = Dir::open_ambient_dir(&folder, ambient_authority()).map_err(Error::io("open", &folder))?;
        let source = self.source();
        let manifest = &self.image().documents.manifest;
        let mut folders = Vec::new();
        for (descriptor, layer) in manifest.layers().iter().zip(self.image().layers()) {
            let origin = layer_origin(source, &layer.digest);
            read_layer(source, descriptor, &mut |entry, content| {
                write_entry(&root, entry, content).map_err(|error| Error::RejectedEntry {
                    origin: origin.clone(),
                    entry: entry.path.clone(),
                    reason: error.to_string(),
                })?;
                if entry.kind == EntryKind::Directory {
                    folders.push((entry.path.clone(), entry.mode));
                }
                Ok(())
            })?;
        }
        // Last, so that files can be written into read-only folders.
        for (path, mode) in folders.iter().rev() {
            // Fails for a folder that a later layer has removed or replaced.
            let _ = root.set_permissions(path, Permissions::from_mode(mode | 0o700));
        }
        atomic::replace_folder(&folder, path, partial.path())
    }
}

fn write_entry(root: &Dir, entry: &Entry, content: &mut dyn Read) -> io::Result<()> {
    let path = Path::new(&entry.path);
    let (parent, name) = match entry.path.rsplit_once('/') {
        Some((parent, name)) => (Some(parent), name),
        None => (None, entry.path.as_str()),
    };
    if let Some(parent) = parent {
        root.create_dir_all(parent)?;
    }
    if name == OPAQUE_WHITEOUT {
        return clear_folder(root, parent.unwrap_or("."));
    }
    if let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) {
        if matches!(hidden, "" | "." | "..") {
            return Err(io::Error::other("it is not a valid whiteout"));
        }
        let hidden = parent.map_or(hidden.to_owned(), |parent| format!("{parent}/{hidden}"));
        return remove(root, &hidden);
    }
    let is_folder = || root.symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if entry.kind == EntryKind::Directory && is_folder() {
        return Ok(());
    }
    remove(root, &entry.path)?;
    match &entry.kind {
        EntryKind::File => {
            let mut options = OpenOptions::new();
            let mut file = root.open_with(path, options.write(true).create_new(true))?;
            io::copy(content, &mut file)?;
            file.set_permissions(Permissions::from_mode(entry.mode & 0o777))
        }
        // `cap-std` refuses absolute targets.
        EntryKind::Symlink(target) => root.symlink(target, path),
        EntryKind::Hardlink(target) => root.hard_link(target, root, path),
        EntryKind::Special => Err(io::Error::other("it is a device or a pipe")),
        EntryKind::Directory => root.create_dir(path),
    }
}

fn remove(root: &Dir, path: &str) -> io::Result<()> {
    match root.symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => root.remove_dir_all(path),
        Ok(_) => root.remove_file(path),
    }
}

fn clear_folder(root: &Dir, folder: &str) -> io::Result<()> {
    for entry in root.read_dir(folder)? {
        let name = entry?.file_name();
        let path = Path::new(folder).join(name);
        remove(root, &path.to_string_lossy())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tar::EntryType;

    use super::*;
    use crate::Architecture;
    use crate::tests::fixture::{ImageFixture, file, folder as directory, link};

    fn unpack(parent: &Path, layers: &[Vec<u8>]) -> Result<()> {
        let mut fixture = ImageFixture::valid();
        fixture.layers = layers.to_vec();
        let layout = fixture.write(parent);
        let layout = Layout::open(&layout, Architecture::X86_64)?;
        layout.unpack(&parent.join("root"))
    }

    #[test]
    fn links_out_of_the_root_are_rejected() {
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().display().to_string();
        let climb = "../".repeat(20) + target.trim_start_matches('/');
        for layer in [
            link(EntryType::Symlink, "out", &target),
            [link(EntryType::Symlink, "out", &climb), file("out/x", 0o644, b"x")].concat(),
        ] {
            let parent = tempfile::tempdir().unwrap();
            let error = unpack(parent.path(), &[layer]).unwrap_err();
            assert!(matches!(error, Error::RejectedEntry { .. }), "{error}");
            assert!(error.to_string().contains("`out"), "{error}");
            assert!(!parent.path().join("root").exists());
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_inside_the_root_are_followed() {
        let parent = tempfile::tempdir().unwrap();
        let below = [
            directory("usr/"),
            directory("usr/lib/"),
            link(EntryType::Symlink, "lib", "usr/lib"),
        ];
        let above = [file("lib/x", 0o640, b"x"), link(EntryType::Link, "usr/y", "lib/x")];
        unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
        let root = parent.path().join("root");
        assert_eq!(fs::read(root.join("usr/lib/x")).unwrap(), b"x");
        assert_eq!(fs::read(root.join("usr/y")).unwrap(), b"x");
        let mode = std::os::unix::fs::PermissionsExt::mode;
        let found = fs::metadata(root.join("usr/y")).unwrap().permissions();
        assert_eq!(mode(&found) & 0o777, 0o640);
    }

    #[test]
    fn whiteouts_remove_files_of_lower_layers() {
        let parent = tempfile::tempdir().unwrap();
        let below = [
            directory("a/"),
            file("a/b", 0o644, b""),
            file("a/c", 0o644, b""),
            directory("d/"),
            file("d/e", 0o644, b""),
        ];
        let above = [file("a/.wh.b", 0o644, b""), file("d/.wh..wh..opq", 0o644, b"")];
        unpack(parent.path(), &[below.concat(), above.concat()]).unwrap();
        let root = parent.path().join("root");
        assert!(!root.join("a/b").exists() && root.join("a/c").exists());
        assert_eq!(fs::read_dir(root.join("d")).unwrap().count(), 0);
        let parent = tempfile::tempdir().unwrap();
        let error = unpack(parent.path(), &[file(".wh...", 0o644, b"")]).unwrap_err();
        assert!(error.to_string().contains("not a valid whiteout"), "{error}");
    }
}
