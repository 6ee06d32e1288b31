use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;
use crate::pins::OriginKind;

impl SourceArchive {
    /// An archive written by the test.
    pub(crate) fn fixture(path: &Path, root: &str, truncated: bool) -> Self {
        let description = path.display().to_string();
        let (path, root) = (path.to_owned(), Some(root.to_owned()));
        Self {
            kind: SourceKind::Archive { path, root, truncated },
            description,
        }
    }
}

/// Serves `body` once over plain HTTP with the content length `length`; returns the URL.
fn serve(body: &'static [u8], length: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").unwrap();
        stream.write_all(body).unwrap();
    });
    format!("http://{address}/opencv.tar.gz")
}

fn source(url: String, sha256: &str) -> Source {
    Source {
        version: "4.5.5".into(),
        origin: vec![Origin {
            kind: OriginKind::Url { url },
            prefix_bytes: None,
            sha256: sha256.into(),
            root: "opencv".into(),
        }],
    }
}

// SHA-256 of "abc": FIPS 180-2, appendix B.1.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn fetch(source: &Source, downloads: &Path) -> Result<SourceArchive> {
    let toolchain = Toolchain::at(Path::new("/nowhere"));
    SourceArchive::fetch_pinned(("OpenCV", ""), &source.origin, &toolchain, downloads)
}

fn archives(folder: &Path) -> usize {
    let files = fs::read_dir(folder).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().file_name() != "lock")
        .count()
}

#[test]
fn verified_archive_is_cached() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(serve(b"abc", 3), ABC);
    fetch(&source, folder.path()).unwrap();
    // The server has stopped: a second download would fail.
    fetch(&source, folder.path()).unwrap();
    assert_eq!(archives(folder.path()), 1);
}

#[test]
fn only_pinned_prefix_of_archive_is_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    // The server never sends the rest.
    let mut source = source(serve(b"abcdef", 1 << 40), ABC);
    source.origin[0].prefix_bytes = Some(3);
    let archive = fetch(&source, folder.path()).unwrap();
    assert!(matches!(archive.kind, SourceKind::Archive { truncated: true, .. }));
    let kept = folder.path().join(format!("{ABC}.tar.gz"));
    assert_eq!(fs::read(kept).unwrap(), b"abc");
}

#[test]
fn digest_mismatch_is_an_error_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&source(serve(b"abd", 3), ABC), folder.path()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(&format!("not {ABC} as pinned")), "{error}");
    assert_eq!(archives(folder.path()), 0);
}

#[test]
fn broken_connection_names_origin_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&source(serve(b"ab", 3), ABC), folder.path()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("http://127.0.0.1:"), "{error}");
    assert_eq!(archives(folder.path()), 0);
}

#[test]
fn without_network_error_names_every_origin() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = source("http://127.0.0.1:1/a.tar.gz".into(), ABC);
    source.origin.push(Origin {
        kind: OriginKind::Url {
            url: "http://127.0.0.1:1/b.tar.gz".into(),
        },
        ..source.origin[0].clone()
    });
    let error = fetch(&source, folder.path()).unwrap_err().to_string();
    assert!(error.contains("/a.tar.gz") && error.contains("/b.tar.gz"), "{error}");
    assert!(error.contains("Check the network"), "{error}");
}

#[test]
fn local_archive_requires_matching_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.tar.gz");
    fs::write(&path, "abc").unwrap();
    let mut named = LocalSource { path, sha256: None };
    let pinned = source("http://127.0.0.1:1/".into(), "00");
    let error = SourceArchive::open_local(&named, &pinned).unwrap_err().to_string();
    assert!(error.contains(&format!("add `sha256 = \"{ABC}\"`")), "{error}");
    named.sha256 = Some("11".into());
    let error = SourceArchive::open_local(&named, &pinned).unwrap_err().to_string();
    assert!(error.contains("not 11"), "{error}");
    named.sha256 = Some(ABC.into());
    SourceArchive::open_local(&named, &pinned).unwrap();
}
