//! OpenCV's source: fetched from a pinned place, or named by the user. A [`SourceArchive`] has the
//! digest it should have; nothing with another one is kept on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use fs_err as fs;

use crate::download::{archive_path, download};
use crate::error::{ErrorKind, WithKind};
use crate::pins::{Origin, Pins, Source};
use crate::recipe::{LocalSource, Recipe};
use crate::toolchain::Toolchain;
use support::files::remove_partial_dirs;
use support::fingerprint::sha256_of_file;
use support::lock::Lock;
use support::progress::print_status;

/// A verified archive, or a folder that the user vouches for.
#[derive(Clone, Debug)]
pub struct SourceArchive {
    pub(crate) kind: SourceKind,
    pub(crate) description: String,
}

#[derive(Clone, Debug)]
pub(crate) enum SourceKind {
    /// A `.tar.gz` archive and the folder inside it; without one, its only top folder.
    Archive {
        path: PathBuf,
        root: Option<String>,
        /// Whether only the archive's beginning is there.
        truncated: bool,
    },
    Folder(PathBuf),
}

impl SourceArchive {
    /// The source that `recipe` asks for, fetched into `downloads` if need be.
    ///
    /// # Errors
    /// No place has it, each with its reason; or the file that the user named is another one.
    pub fn fetch(
        recipe: &Recipe,
        pins: &Pins,
        toolchain: &Toolchain,
        downloads: &Path,
    ) -> Result<Self> {
        let what = format!("OpenCV {}", recipe.version);
        let source = pins.source(&recipe.version);
        let source = source.with_context(|| format!("no source is pinned for {what}"))?;
        if let Some(named) = &recipe.source {
            return Ok(Self::open_local(named, source).with_kind(ErrorKind::Source)?);
        }
        let advice =
            ", or name an archive or a folder that you have in opencv.toml: [source] path = \"…\"";
        Self::fetch_pinned((&what, advice), &source.origin, toolchain, downloads)
    }

    /// The newer tree with the libraries that take the place of OpenCV's own copies, fetched into
    /// `downloads` if need be.
    pub fn fetch_third_party(pins: &Pins, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        let what = "the sources of the libraries that OpenCV needs";
        Self::fetch_pinned((what, ""), &pins.third_party, toolchain, downloads)
    }

    /// The archive of the first origin that can be had, below `downloads`. Where there is none, the error says of what,
    /// why each cannot, and what helps besides a network.
    fn fetch_pinned(
        (what, advice): (&str, &str),
        origins: &[Origin],
        toolchain: &Toolchain,
        downloads: &Path,
    ) -> Result<Self> {
        let _lock =
            Lock::acquire(&downloads.join("lock"), print_status).with_kind(ErrorKind::Lock)?;
        remove_partial_dirs(downloads)?;
        for origin in origins {
            let path = archive_path(downloads, origin);
            if path.is_file() && sha256_of_file(&path)? == origin.sha256 {
                return Ok(Self::from_origin(path, origin));
            }
        }
        let mut failures = String::new();
        for origin in origins {
            match download(origin, toolchain, downloads) {
                Ok(path) => return Ok(Self::from_origin(path, origin)),
                Err(error) => failures += &format!("- {}: {error:#}\n", origin.kind.describe()),
            }
        }
        let failed = anyhow!("failed to fetch {what}; tried\n{failures}Check the network{advice}");
        Ok(Err(failed).with_kind(ErrorKind::Download)?)
    }

    fn open_local(named: &LocalSource, source: &Source) -> Result<Self> {
        let path = &named.path;
        let found = fs::metadata(path).context("failed to read the source")?;
        let description = path.display().to_string();
        if found.is_dir() {
            return Ok(Self {
                kind: SourceKind::Folder(path.clone()),
                description,
            });
        }
        let digest = sha256_of_file(path)?;
        let pinned = source.origin.iter().find(|origin| origin.sha256 == digest);
        if let Some(origin) = pinned {
            return Ok(Self::from_origin(path.clone(), origin));
        }
        match &named.sha256 {
            Some(expected) if *expected == digest => Ok(Self {
                kind: SourceKind::Archive {
                    path: path.clone(),
                    root: None,
                    truncated: false,
                },
                description,
            }),
            Some(expected) => bail!(
                "failed to verify `{description}`: its SHA-256 is {digest}, not {expected} as \
                 `source.sha256` says"
            ),
            None => bail!(
                "failed to verify `{description}`: its SHA-256 {digest} is none of the pinned \
                 ones; if you trust it, add `sha256 = \"{digest}\"` to `[source]`"
            ),
        }
    }

    fn from_origin(path: PathBuf, origin: &Origin) -> Self {
        Self {
            kind: SourceKind::Archive {
                path,
                root: Some(origin.root.clone()),
                truncated: origin.prefix_bytes.is_some(),
            },
            description: origin.kind.describe(),
        }
    }
}

#[cfg(test)]
mod tests;
