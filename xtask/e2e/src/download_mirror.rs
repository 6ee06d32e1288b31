//! A package index on loopback with the files that were downloaded before, so that tests can interrupt downloads
//! repeatedly without requests to public servers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::internals::{Origin, OriginKind, Pins};

/// The chunk size in bytes and the pause after each chunk: a download of 90 MB takes some seconds.
const PART: usize = 1 << 20;
const PAUSE: Duration = Duration::from_millis(15);

/// Starts an index of the pinned archives in `downloads`; returns its URL.
pub fn start(downloads: &Path) -> Result<String> {
    let pins = Pins::embedded();
    let origins = pins.source.iter().flat_map(|source| &source.origin);
    let files = origins.chain(&pins.third_party).filter_map(|origin| {
        let name = name(origin)?;
        let path = downloads.join(format!("{}.tar.gz", origin.sha256));
        path.is_file().then_some((name, path))
    });
    let files: Arc<Vec<_>> = Arc::new(files.collect());
    ensure!(
        !files.is_empty(),
        "there are no pinned archives in `{}`",
        downloads.display()
    );
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let files = Arc::clone(&files);
            // A client that disconnects is not an error.
            thread::spawn(move || respond(client, &files));
        }
    });
    Ok(format!("http://{address}/simple"))
}

/// The file name of an origin in an index.
fn name(origin: &Origin) -> Option<String> {
    match &origin.kind {
        OriginKind::Sdist {
            package,
            package_version,
        } => Some(format!("{package}-{package_version}.tar.gz")),
        OriginKind::Url { .. } => None,
    }
}

/// Responds to one request with a file, or with a page of links to all files.
fn respond(mut client: TcpStream, files: &[(String, PathBuf)]) -> Option<()> {
    let mut lines = BufReader::new(client.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let head = |kind: &str, length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        )
    };
    let wanted = files.iter().find(|(name, _)| request.contains(name.as_str()));
    if let Some((_, path)) = wanted {
        let content = fs::read(path).ok()?;
        let head = head("application/gzip", content.len());
        client.write_all(head.as_bytes()).ok()?;
        for part in content.chunks(PART) {
            client.write_all(part).ok()?;
            thread::sleep(PAUSE);
        }
        return Some(());
    }
    let links = files.iter().map(|(name, _)| format!("<a href=\"/{name}\">{name}</a>"));
    let page: String = links.collect();
    let response = head("text/html", page.len()) + &page;
    client.write_all(response.as_bytes()).ok()
}
