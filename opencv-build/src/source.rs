//! OpenCV's source: fetched from a pinned place, or named by the user. A [`SourceArchive`] has the
//! digest it should have; nothing with another one is kept on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use fs_err as fs;

use crate::download::{archive_path, download};
use crate::error::{ErrorKind, OfKind};
use crate::pins::{Origin, Pins, Source};
use crate::recipe::{NamedSource, Recipe};
use crate::toolchain::Toolchain;
use support::files::sweep;
use support::fingerprint::sha256_of_file;
use support::lock::Lock;
use support::progress::tell;

/// A verified archive, or a folder that the user vouches for.
#[derive(Clone, Debug)]
pub struct SourceArchive {
    pub(crate) kind: Kind,
    pub(crate) description: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A `.tar.gz` archive and the folder inside it; without one, its only top folder.
    Archive {
        path: PathBuf,
        root: Option<String>,
        /// Whether only the archive's beginning is there.
        cut: bool,
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
            return Ok(Self::named(named, source).of_kind(ErrorKind::Source)?);
        }
        let advice =
            ", or name an archive or a folder that you have in opencv.toml: [source] path = \"…\"";
        Self::pinned((&what, advice), &source.origin, toolchain, downloads)
    }

    /// The newer tree with the libraries that take the place of OpenCV's own copies, fetched into
    /// `downloads` if need be.
    pub fn third_party(pins: &Pins, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        let what = "the sources of the libraries that OpenCV needs";
        Self::pinned((what, ""), &pins.third_party, toolchain, downloads)
    }

    /// The archive of the first origin that can be had, below `downloads`. Where there is none, the error says of what,
    /// why each cannot, and what helps besides a network.
    fn pinned(
        (what, advice): (&str, &str),
        origins: &[Origin],
        toolchain: &Toolchain,
        downloads: &Path,
    ) -> Result<Self> {
        let _lock = Lock::take(&downloads.join("lock"), tell).of_kind(ErrorKind::Lock)?;
        sweep(downloads)?;
        for origin in origins {
            let path = archive_path(downloads, origin);
            if path.is_file() && sha256_of_file(&path)? == origin.sha256 {
                return Ok(Self::archive(path, origin));
            }
        }
        let mut failures = String::new();
        for origin in origins {
            match download(origin, toolchain, downloads) {
                Ok(path) => return Ok(Self::archive(path, origin)),
                Err(error) => failures += &format!("- {}: {error:#}\n", origin.place.describe()),
            }
        }
        let failed = anyhow!("failed to fetch {what}; tried\n{failures}Check the network{advice}");
        Ok(Err(failed).of_kind(ErrorKind::Download)?)
    }

    fn named(named: &NamedSource, source: &Source) -> Result<Self> {
        let path = &named.path;
        let found = fs::metadata(path).context("failed to read the source")?;
        let description = path.display().to_string();
        if found.is_dir() {
            return Ok(Self {
                kind: Kind::Folder(path.clone()),
                description,
            });
        }
        let digest = sha256_of_file(path)?;
        let pinned = source.origin.iter().find(|origin| origin.sha256 == digest);
        if let Some(origin) = pinned {
            return Ok(Self::archive(path.clone(), origin));
        }
        match &named.sha256 {
            Some(expected) if *expected == digest => Ok(Self {
                kind: Kind::Archive {
                    path: path.clone(),
                    root: None,
                    cut: false,
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

    fn archive(path: PathBuf, origin: &Origin) -> Self {
        Self {
            kind: Kind::Archive {
                path,
                root: Some(origin.root.clone()),
                cut: origin.bytes.is_some(),
            },
            description: origin.place.describe(),
        }
    }
}

#[cfg(test)]
mod tests;
