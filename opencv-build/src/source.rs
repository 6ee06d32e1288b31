//! OpenCV's source: fetched from a pinned place, or named by the user. A [`SourceArchive`] has the
//! digest it should have; nothing with another one is kept on disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::download::{archive_path, download};
use crate::files::sweep;
use crate::fingerprint::sha256_of_file;
use crate::lock::Lock;
use crate::pins::{Origin, Pins, Source};
use crate::progress::tell;
use crate::recipe::{NamedSource, Recipe};
use crate::toolchain::Toolchain;

/// A verified archive, or a folder that the user vouches for.
#[derive(Clone, Debug)]
pub struct SourceArchive {
    kind: Kind,
    description: String,
}

/// What the source lies in.
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
        let source = pins
            .source(&recipe.version)
            .with_context(|| format!("no source is pinned for OpenCV {}", recipe.version))?;
        match &recipe.source {
            Some(named) => Self::named(named, source),
            None => Self::pinned(source, toolchain, downloads),
        }
    }

    /// The newer tree with the libraries that take the place of OpenCV's own copies, fetched into
    /// `downloads` if need be.
    ///
    /// # Errors
    /// No place has it, each with its reason.
    pub fn third_party(pins: &Pins, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        match first(&pins.third_party, toolchain, downloads)? {
            Ok((path, origin)) => Ok(Self::archive(path, origin)),
            Err(failures) => bail!(
                "failed to fetch the sources of the libraries that OpenCV needs; tried\n{failures}\n\
                 Check the network"
            ),
        }
    }

    /// What a person would call it.
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// A folder or archive of the user's.
    fn named(named: &NamedSource, source: &Source) -> Result<Self> {
        let path = &named.path;
        let found = fs::metadata(path)
            .with_context(|| format!("failed to read the source `{}`", path.display()))?;
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

    /// An archive of the newer tree that somebody else wrote: for tests.
    #[cfg(test)]
    pub(crate) fn newer(path: &Path, root: &str, cut: bool) -> Self {
        let description = path.display().to_string();
        let (path, root) = (path.to_owned(), Some(root.to_owned()));
        Self {
            kind: Kind::Archive { path, root, cut },
            description,
        }
    }

    /// The first pinned origin that can be had.
    fn pinned(source: &Source, toolchain: &Toolchain, downloads: &Path) -> Result<Self> {
        match first(&source.origin, toolchain, downloads)? {
            Ok((path, origin)) => Ok(Self::archive(path, origin)),
            Err(failures) => bail!(
                "failed to fetch OpenCV {}; tried\n{failures}\nCheck the network, or name an \
                 archive or a folder that you have in opencv.toml: [source] path = \"…\"",
                source.version,
            ),
        }
    }
}

/// The archive of the first origin that can be had, below `downloads`; or why each cannot.
fn first<'a>(
    origins: &'a [Origin],
    toolchain: &Toolchain,
    downloads: &Path,
) -> Result<Result<(PathBuf, &'a Origin), String>> {
    let _lock = Lock::take(&downloads.join("lock"), tell)?;
    sweep(downloads)?;
    for origin in origins {
        let path = archive_path(downloads, origin);
        if path.is_file() && sha256_of_file(&path)? == origin.sha256 {
            return Ok(Ok((path, origin)));
        }
    }
    let mut failures = Vec::new();
    for origin in origins {
        match download(origin, toolchain, downloads) {
            Ok(path) => return Ok(Ok((path, origin))),
            Err(error) => failures.push(format!("- {}: {error:#}", origin.place.describe())),
        }
    }
    Ok(Err(failures.join("\n")))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::pins::Place;

    /// Serves `body` once over plain HTTP, claiming `length`; returns the address.
    fn serve(body: &'static [u8], length: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"
            )
            .unwrap();
            stream.write_all(body).unwrap();
        });
        format!("http://{address}/opencv.tar.gz")
    }

    fn source(url: String, sha256: &str) -> Source {
        Source {
            version: "4.5.5".into(),
            origin: vec![Origin {
                place: Place::Url { url },
                bytes: None,
                sha256: sha256.into(),
                root: "opencv".into(),
            }],
        }
    }

    // SHA-256 of "abc": FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn fetch(source: &Source, downloads: &Path) -> Result<SourceArchive> {
        SourceArchive::pinned(source, &Toolchain::at(Path::new("/nowhere")), downloads)
    }

    fn archives(folder: &Path) -> usize {
        let files = fs::read_dir(folder).unwrap();
        files
            .filter(|file| file.as_ref().unwrap().file_name() != "lock")
            .count()
    }

    #[test]
    fn what_has_the_pinned_digest_is_kept_and_not_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(serve(b"abc", 3), ABC);
        fetch(&source, folder.path()).unwrap();
        // The server is gone: a second download would fail.
        fetch(&source, folder.path()).unwrap();
        assert_eq!(archives(folder.path()), 1);
    }

    #[test]
    fn of_a_long_archive_only_the_pinned_beginning_is_downloaded() {
        let folder = tempfile::tempdir().unwrap();
        // The rest never comes.
        let mut source = source(serve(b"abcdef", 1 << 40), ABC);
        source.origin[0].bytes = Some(3);
        let archive = fetch(&source, folder.path()).unwrap();
        assert!(matches!(archive.kind(), Kind::Archive { cut: true, .. }));
        let kept = folder.path().join(format!("{ABC}.tar.gz"));
        assert_eq!(fs::read(kept).unwrap(), b"abc");
    }

    #[test]
    fn another_digest_is_refused_and_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let error = fetch(&source(serve(b"abd", 3), ABC), folder.path()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(&format!("not {ABC} as pinned")), "{error}");
        assert_eq!(archives(folder.path()), 0);
    }

    #[test]
    fn a_connection_that_breaks_off_is_named_and_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let error = fetch(&source(serve(b"ab", 3), ABC), folder.path()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("http://127.0.0.1:"), "{error}");
        assert_eq!(archives(folder.path()), 0);
    }

    #[test]
    fn without_a_network_every_origin_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut source = source("http://127.0.0.1:1/a.tar.gz".into(), ABC);
        source.origin.push(Origin {
            place: Place::Url {
                url: "http://127.0.0.1:1/b.tar.gz".into(),
            },
            ..source.origin[0].clone()
        });
        let error = fetch(&source, folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("/a.tar.gz") && error.contains("/b.tar.gz"),
            "{error}"
        );
        assert!(error.contains("Check the network"), "{error}");
    }

    #[test]
    fn a_named_archive_needs_a_digest_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.tar.gz");
        fs::write(&path, "abc").unwrap();
        let mut named = NamedSource { path, sha256: None };
        let pinned = source("http://127.0.0.1:1/".into(), "00");
        let error = SourceArchive::named(&named, &pinned)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("add `sha256 = \"{ABC}\"`")),
            "{error}"
        );
        named.sha256 = Some("11".into());
        let error = SourceArchive::named(&named, &pinned)
            .unwrap_err()
            .to_string();
        assert!(error.contains("not 11"), "{error}");
        named.sha256 = Some(ABC.into());
        SourceArchive::named(&named, &pinned).unwrap();
    }
}
