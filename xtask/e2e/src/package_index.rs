//! A package index on loopback that requires a password: downloads send the one in the index's URL and read only the
//! beginning of a long archive, and neither errors nor logs contain the user or password.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fs_err as fs;
use opencv_build::internals::find_python;
use support::environment::restricted;
use support::run::{Shell, cmd, run_logged};

use package::build::Build;

const PACKAGE: &str = "opencv-python-headless";
const VERSION: &str = "4.14.0.94";

/// Downloads with the right password, and with a wrong one.
pub fn test(build: &Build) -> Result<()> {
    let (workspace, tools) = (&build.workspace, build.tools()?);
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to listen on loopback")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || respond(stream));
        }
    });
    let index = |password: &str| format!("http://someone:{password}@{address}/simple");
    let archive = scratch.path().join("archive");
    let requirement = format!("{PACKAGE}=={VERSION}");
    let sh = Shell::new()?;
    let download = |password: &str| -> Result<Command> {
        let (python, root) = (find_python()?, workspace.root());
        let download = "opencv-build/data/download_sdist.py";
        let python = cmd!(sh, "{python} {root}/{download} {requirement} {archive} 100000");
        let python = restricted(python, &[])
            .env("PYTHONPATH", tools.python_path())
            .env("PIP_INDEX_URL", index(password));
        Ok(python.into())
    };
    let log = scratch.path().join("log");
    // The archive is endless: downloading all of it would not return.
    run_logged(&mut download("secret")?, &log, |_| ())?;
    let got = fs::read(&archive)?;
    ensure!(
        got == b"abcd".repeat(25_000),
        "expected the archive's first 100,000 bytes, got {} others",
        got.len()
    );

    let (python, folder) = (find_python()?, scratch.path());
    let pip = cmd!(
        sh,
        "{python} -m pip download --no-deps --no-input --retries 0 --dest {folder} {requirement}"
    );
    let pip = restricted(pip, &[]).env("PIP_INDEX_URL", index("wrong"));
    for mut command in [download("wrong")?, pip.into()] {
        let shown = support::run::display_command(&command);
        let error = run_logged(command.stdin(Stdio::null()), &log, |_| ());
        let error = error.err().with_context(|| format!("`{shown}` succeeded"))?;
        ensure_masked(&format!("{error:#}"))?;
    }
    let output_text = fs::read_to_string(&log)?;
    ensure_masked(&output_text)?;
    ensure!(
        output_text.contains("http://***@127.0.0.1"),
        "the log does not contain the index: {output_text}"
    );
    Ok(())
}

fn ensure_masked(text: &str) -> Result<()> {
    let shown = ["someone", "secret", "wrong"]
        .into_iter()
        .find(|word| text.contains(word));
    ensure!(
        shown.is_none(),
        "the output contains `{}`: {text}",
        shown.unwrap_or_default()
    );
    Ok(())
}

/// Responds to one request with a page of links, or an endless archive. A client that disconnects is not an error.
fn respond(mut stream: TcpStream) -> Option<()> {
    let expected = BASE64_STANDARD.encode("someone:secret");
    let lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let request: Vec<_> = request.collect();
    let authorized = request.iter().any(|line| {
        let header = line.to_ascii_lowercase();
        header.starts_with("authorization: basic ") && line.ends_with(&expected)
    });
    if !authorized {
        let unauthorized = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"index\"\r\n\
                       content-length: 0\r\nconnection: close\r\n\r\n";
        return stream.write_all(unauthorized.as_bytes()).ok();
    }
    if request.first()?.contains(".tar.gz") {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        let part = b"abcd".repeat(1000);
        loop {
            stream.write_all(&part).ok()?;
        }
    }
    let page = format!("<a href=\"/{PACKAGE}-{VERSION}.tar.gz\">{PACKAGE}-{VERSION}.tar.gz</a>");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all((head + &page).as_bytes()).ok()
}
