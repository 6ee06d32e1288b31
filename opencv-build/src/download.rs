//! Downloads a pinned archive: from Python's package index, from Rust's, or from an address. What has another
//! digest than the pinned one, or breaks off, is not kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::files::{copy, sorted_entries, write_if_other};
use crate::fingerprint::sha256_of_file;
use crate::pins::{Origin, Place};
use crate::progress::Step;
use crate::run::run_logged;
use crate::toolchain::Toolchain;

/// How long a server may take to accept a connection, to answer, and to send everything.
const CONNECT: Duration = Duration::from_secs(15);
const RESPONSE: Duration = Duration::from_secs(60);
const DOWNLOAD: Duration = Duration::from_secs(3600);

/// Where the archive of an origin is kept.
pub(crate) fn archive_path(downloads: &Path, origin: &Origin) -> PathBuf {
    downloads.join(format!("{}.tar.gz", origin.sha256))
}

/// Downloads an archive and verifies it; whatever fails leaves nothing behind.
pub(crate) fn download(
    origin: &Origin,
    toolchain: &Toolchain,
    downloads: &Path,
) -> Result<PathBuf> {
    fs::create_dir_all(downloads)
        .with_context(|| format!("failed to create `{}`", downloads.display()))?;
    let partial = tempfile::Builder::new()
        .prefix(".partial-")
        .tempdir_in(downloads)
        .with_context(|| format!("failed to create a folder in `{}`", downloads.display()))?;
    let mut step = Step::start(format!("downloading the {}", origin.place.describe()));
    let file = match &origin.place {
        Place::Python {
            package,
            package_version,
        } => {
            let requirement = format!("{package}=={package_version}");
            download_python(&requirement, toolchain, downloads, partial.path())?
        }
        Place::Crate {
            package,
            package_version,
        } => download_crate(package, package_version, downloads, partial.path())?,
        Place::Url { url } => download_url(url, partial.path(), &mut step)?,
    };
    let digest = sha256_of_file(&file)?;
    ensure!(
        digest == origin.sha256,
        "its SHA-256 is {digest}, not {} as pinned; it was deleted",
        origin.sha256
    );
    let path = archive_path(downloads, origin);
    fs::rename(&file, &path).with_context(|| format!("failed to create `{}`", path.display()))?;
    Ok(path)
}

/// The source distribution of a Python package; pip itself would build it.
fn download_python(
    requirement: &str,
    toolchain: &Toolchain,
    downloads: &Path,
    folder: &Path,
) -> Result<PathBuf> {
    let python = crate::wheels::python()?;
    let mut unearth = Command::new(&python);
    unearth
        .args(["-m", "unearth", "--no-binary", "--download"])
        .arg(folder)
        .arg(requirement)
        .args(index_arguments(&python))
        .env("PYTHONPATH", toolchain.python_path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run_logged(&mut unearth, &downloads.join("unearth.log"), |_| ())?;
    let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .context("the package index has no such source distribution")
}

/// The package index that pip is configured for, which unearth does not look up.
fn index_arguments(python: &Path) -> Vec<String> {
    let mut ask = Command::new(python);
    ask.args(["-m", "pip", "config", "get", "global.index-url"]);
    let configured = ask.output().ok().filter(|output| output.status.success());
    let configured = configured.and_then(|output| String::from_utf8(output.stdout).ok());
    let index = std::env::var("PIP_INDEX_URL").ok().or(configured);
    let arguments = index.map(|index| vec!["--index-url".to_owned(), index.trim().to_owned()]);
    arguments.unwrap_or_default()
}

/// The archive of a crate, by way of an empty project that depends on it: cargo knows the registry that it is
/// configured for, and keeps archives as they came.
fn download_crate(name: &str, version: &str, downloads: &Path, folder: &Path) -> Result<PathBuf> {
    let project = folder.join("project");
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n\n[workspace]\n"
    );
    for (file, text) in [("Cargo.toml", manifest.as_str()), ("lib.rs", "")] {
        write_if_other(&project.join(file), text.as_bytes())?;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("fetch").current_dir(&project);
    run_logged(&mut cargo, &downloads.join("cargo.log"), |_| ())?;
    let archive = format!("{name}-{version}.crate");
    let registries = cargo_home()?.join("registry/cache");
    let mut places = sorted_entries(&registries)?.into_iter();
    let kept = places.find_map(|registry| Some(registry.join(&archive)).filter(|p| p.is_file()));
    let kept =
        kept.with_context(|| format!("cargo kept no `{archive}` in `{}`", registries.display()))?;
    let path = folder.join(archive);
    copy(&kept, &path)?;
    Ok(path)
}

/// The folder in which cargo keeps what it downloads.
fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("failed to find cargo's folder; set CARGO_HOME")
}

fn download_url(url: &str, folder: &Path, step: &mut Step) -> Result<PathBuf> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(RESPONSE))
        .timeout_global(Some(DOWNLOAD))
        .build()
        .into();
    let response = agent.get(url).call().context("failed to download it")?;
    let total = response.body().content_length();
    let path = folder.join("archive");
    let mut file =
        File::create(&path).with_context(|| format!("failed to create `{}`", path.display()))?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let count = io::Read::read(&mut body, &mut buffer).context("the connection broke off")?;
        if count == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..count])
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        done += count as u64;
        if let Some(total) = total {
            step.advance(done, total);
        }
    }
    if let Some(total) = total {
        ensure!(
            done == total,
            "the connection broke off after {done} of {total} bytes"
        );
    }
    Ok(path)
}
