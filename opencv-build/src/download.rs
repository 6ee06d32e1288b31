//! Downloads a pinned archive, or a prefix of it, from Python's package index or from a URL. A download that is
//! incomplete or does not have the pinned digest is deleted.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fs_err::{self as fs, File};

use crate::package_index::PackageIndex;
use crate::pins::{Origin, OriginKind};
use crate::python::Python;
use crate::toolchain::Toolchain;
use support::files::{PARTIAL_PREFIX, temporary_dir_in, write_if_changed};
use support::fingerprint::sha256_of_file;
use support::progress::ProgressStep;
use support::run::run_logged;

const SCRIPT: &str = include_str!("../data/download_sdist.py");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(3600);

pub(crate) fn archive_path(downloads: &Path, origin: &Origin) -> PathBuf {
    downloads.join(format!("{}.tar.gz", origin.sha256))
}

pub(crate) fn download(origin: &Origin, toolchain: &Toolchain, downloads: &Path) -> Result<PathBuf> {
    let partial = temporary_dir_in(downloads, PARTIAL_PREFIX)?;
    let mut step = ProgressStep::start(format!("downloading the {}", origin.kind.describe()));
    let file = partial.path().join("archive");
    match &origin.kind {
        OriginKind::Sdist {
            package,
            package_version,
        } => {
            let requirement = format!("{package}=={package_version}");
            let wanted = (requirement.as_str(), origin.prefix_bytes);
            download_sdist(wanted, toolchain, downloads, &file, &mut step)?;
        }
        OriginKind::Url { url } => download_url(url, origin.prefix_bytes, &file, &mut step)?,
    }
    let digest = sha256_of_file(&file)?;
    ensure!(
        digest == origin.sha256,
        "its SHA-256 is {digest}, not {} as pinned; the download was deleted",
        origin.sha256
    );
    let path = archive_path(downloads, origin);
    fs::rename(&file, &path)?;
    Ok(path)
}

fn download_sdist(
    (requirement, bytes): (&str, Option<u64>),
    toolchain: &Toolchain,
    downloads: &Path,
    file: &Path,
    step: &mut ProgressStep,
) -> Result<()> {
    let python = Python::find()?;
    let script = downloads.join("download_sdist.py");
    write_if_changed(&script, SCRIPT.as_bytes())?;
    let index = PackageIndex::from_pip_config(&python)?;
    let mut download = python.command();
    download.arg(&script).arg(requirement).arg(file);
    download
        .args(bytes.map(|bytes| bytes.to_string()))
        .env("PYTHONPATH", &toolchain.root)
        .stdin(Stdio::null());
    let log = downloads.join("download.log");
    run_logged(index.apply(&mut download), &log, |line| {
        if let Some((done, total)) = parse_progress(line) {
            step.advance_bytes(done, total);
        }
    })
}

/// Parses the script's progress line, `12 of 300 bytes`.
fn parse_progress(line: &str) -> Option<(u64, u64)> {
    let (done, total) = line.strip_suffix(" bytes")?.split_once(" of ")?;
    Some((done.parse().ok()?, total.parse().ok()?))
}

fn download_url(url: &str, bytes: Option<u64>, path: &Path, step: &mut ProgressStep) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .timeout_global(Some(DOWNLOAD_TIMEOUT))
        .build()
        .into();
    let response = agent.get(url).call().context("the request failed")?;
    let length = response.body().content_length();
    let total = bytes.or(length);
    let mut file = File::create(path)?;
    let body = response.into_body().into_reader();
    let mut body = io::Read::take(body, bytes.unwrap_or(u64::MAX));
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let count = io::Read::read(&mut body, &mut buffer).context("the connection was lost")?;
        if count == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..count])?;
        done += count as u64;
        if let Some(total) = total {
            step.advance_bytes(done, total);
        }
    }
    if let Some(total) = total {
        ensure!(done == total, "the connection was closed after {done} of {total} bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn download_progress_is_parsed() {
        assert_eq!(parse_progress("12 of 300 bytes"), Some((12, 300)));
        assert_eq!(parse_progress("the index has 12 of 300"), None);
        assert!(SCRIPT.contains("{done} of {total} bytes"));
    }
}
