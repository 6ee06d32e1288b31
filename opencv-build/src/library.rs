//! A library whose pinned sources take the place of OpenCV's own copy: what of its archive goes where in the tree.
//! A [`LibraryArchive`] has the digest that it should have.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::pins::Pins;
use crate::source;
use crate::toolchain::Toolchain;

/// What `data/trim.toml` says of a library.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The folder of the tree that it goes to, with a slash at its end.
    pub folder: String,
    /// What is taken of its archive: files, or (with a slash at the end) all that is below.
    pub keep: Vec<String>,
}

/// A verified archive of a library.
#[derive(Clone, Debug)]
pub struct LibraryArchive {
    library: Library,
    path: PathBuf,
    root: String,
}

impl LibraryArchive {
    /// The archive of the library `name`, fetched into `downloads` if need be.
    ///
    /// # Errors
    /// No place has it, each with its reason.
    pub fn fetch(
        name: &str,
        library: &Library,
        pins: &Pins,
        toolchain: &Toolchain,
        downloads: &Path,
    ) -> Result<Self> {
        let pinned = pins.library(name);
        let pinned = pinned.with_context(|| format!("no source is pinned for {name}"))?;
        match source::first(&pinned.origin, toolchain, downloads)? {
            Ok((path, origin)) => Ok(Self {
                library: library.clone(),
                path,
                root: origin.root.clone(),
            }),
            Err(failures) => bail!(
                "failed to fetch {name} {}; tried\n{failures}\nCheck the network, or take the format \
                 that needs it out of `codecs` in opencv.toml",
                pinned.version,
            ),
        }
    }

    /// The archive's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder inside the archive that holds the library's tree.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Where the file at `path`, below the archive's root, goes in OpenCV's tree, if it is taken.
    pub(crate) fn place(&self, path: &str) -> Option<String> {
        self.library.place(path)
    }
}

impl Library {
    fn place(&self, path: &str) -> Option<String> {
        let taken = self.keep.iter().any(|kept| {
            if kept.ends_with('/') {
                path.starts_with(kept)
            } else {
                path == kept
            }
        });
        taken.then(|| format!("{}{path}", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kept_has_a_place() {
        let library = Library {
            folder: "3rdparty/it/".to_owned(),
            keep: vec!["src/".to_owned(), "LICENSE".to_owned()],
        };
        let place = |path| library.place(path);
        assert_eq!(place("src/a.c").as_deref(), Some("3rdparty/it/src/a.c"));
        assert_eq!(place("LICENSE").as_deref(), Some("3rdparty/it/LICENSE"));
        assert_eq!(place("LICENSES"), None);
        assert_eq!(place("test/src/a.c"), None);
    }
}
