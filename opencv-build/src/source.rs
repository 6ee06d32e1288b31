//! OpenCV's source: downloaded from a pinned origin, or a local one. A [`SourceArchive`] has the expected digest; a
//! download with another one is deleted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use fs_err as fs;

use crate::download::{archive_path, download};
use crate::error::{ErrorKind, WithKind};
use crate::pins::{Origin, Pins, Source};
use crate::recipe::{LocalSource, Recipe};
use crate::toolchain::Toolchain;
use support::files::remove_partial_output;
use support::fingerprint::sha256_of_file;
use support::lock::Lock;
use support::progress::print_status;

/// A verified archive, or an unverified local folder.
#[derive(Clone, Debug)]
pub struct SourceArchive {
    pub(crate) kind: SourceKind,
    pub(crate) description: String,
}

#[derive(Clone, Debug)]
pub(crate) enum SourceKind {
    /// A `.tar.gz` archive.
    Archive {
        path: PathBuf,
        /// The folder of the source tree inside the archive; its only top-level folder if `None`.
        root: Option<String>,
        /// Whether only a prefix of the archive was downloaded.
        truncated: bool,
    },
    Folder(PathBuf),
}

impl SourceArchive {
    /// The source for `recipe`, downloaded to `downloads` if necessary.
    ///
    /// # Errors
    /// All origins fail; the error lists the reasons. Or the local source cannot be read or verified.
    pub fn fetch(recipe: &Recipe, pins: &Pins, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        let what = format!("OpenCV {}", recipe.version);
        let source = pins.source(&recipe.version);
        let source = source.with_context(|| format!("no source is pinned for {what}"))?;
        if let Some(named) = &recipe.source {
            return Ok(Self::open_local(named, source).with_kind(ErrorKind::Source)?);
        }
        let advice = ", or set the path of a local archive or folder in opencv.toml: [source] path = \"…\"";
        Self::fetch_pinned((&what, advice), &source.origin, toolchain, downloads)
    }

    /// The newer tree with the libraries that replace OpenCV's bundled copies, downloaded to `downloads` if necessary.
    pub fn fetch_third_party(pins: &Pins, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        let what = "the sources of third-party libraries";
        Self::fetch_pinned((what, ""), &pins.third_party, toolchain, downloads)
    }

    /// A cached archive, or the first that can be downloaded. The error contains `what`, the reasons of all origins,
    /// and `advice`, which follows "Check the network".
    fn fetch_pinned(
        (what, advice): (&str, &str),
        origins: &[Origin],
        toolchain: &Toolchain,
        downloads: &Path,
    ) -> Result<Self> {
        let _lock = Lock::acquire(&downloads.join("lock"), print_status).with_kind(ErrorKind::Lock)?;
        remove_partial_output(downloads)?;
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
        let failed = anyhow!("failed to fetch {what}; tried:\n{failures}Check the network{advice}");
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
                "failed to verify `{description}`: its SHA-256 is {digest}, not {expected} as in \
                 `source.sha256`"
            ),
            None => bail!(
                "failed to verify `{description}`: its SHA-256 {digest} is not pinned; if you trust \
                 it, add `sha256 = \"{digest}\"` to `[source]`"
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
