//! Installs pinned Python wheels into a folder of their own, with pip and nothing else of the
//! machine's Python. What is installed has the pinned digest or is refused by pip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::pins::Wheel;
use support::files::sweep;
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::{Step, tell};
use support::run::run_logged;

/// The fingerprint of a set of wheels.
pub fn fingerprint(wheels: &[Wheel]) -> Fingerprint {
    let text = requirements(wheels);
    Fingerprint::of([
        ("wheels", text.as_bytes()),
        // Wheels carry programs for the machine that they were installed on.
        ("machine", std::env::consts::ARCH.as_bytes()),
    ])
}

/// The folder below `parent` that holds `wheels`, installed now if it is not there.
///
/// # Errors
/// There is no Python 3 with pip, no network, or a file has another digest than the pinned one;
/// nothing is left behind then.
pub fn install(wheels: &[Wheel], parent: &Path, what: &str) -> Result<PathBuf> {
    let folder = parent.join(format!("{what}-{}", fingerprint(wheels).short()));
    if folder.is_dir() {
        return Ok(folder);
    }
    let python = python()?;
    let lock = Lock::take(&parent.join("lock"), tell)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    sweep(parent)?;
    let partial = tempfile::Builder::new()
        .prefix(".partial-")
        .tempdir_in(parent)
        .with_context(|| format!("failed to create a folder in `{}`", parent.display()))?;
    let list = partial.path().join("requirements.txt");
    fs::write(&list, requirements(wheels))
        .with_context(|| format!("failed to write `{}`", list.display()))?;

    let names: Vec<_> = wheels.iter().map(|wheel| wheel.name.as_str()).collect();
    let _step = Step::start(format!("installing the {what}: {}", names.join(", ")));
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "--quiet", "--progress-bar", "off"])
        .args(["--only-binary", ":all:", "--no-deps", "--require-hashes"])
        .args(["--no-compile", "--no-warn-script-location", "--target"])
        .arg(partial.path().join("installed"))
        .arg("--requirement")
        .arg(&list)
        // pip outlives us if we are killed; until it has ended nobody removes its folder.
        .stdin(lock.lend()?)
        // pip says that running it as root is unwise; into a folder of our own it is not.
        .env("PIP_ROOT_USER_ACTION", "ignore");
    run_logged(&mut pip, &parent.join("pip.log"), |_| ()).with_context(|| {
        format!(
            "failed to install the {what} into `{}`; it comes from Python's package index, so \
             check the network, the disk's free space and pip's configuration",
            parent.display()
        )
    })?;
    fs::rename(partial.path().join("installed"), &folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    Ok(folder)
}

/// pip's list of what to install and of the only files that it may be.
fn requirements(wheels: &[Wheel]) -> String {
    let line = |wheel: &Wheel| {
        let hashes = wheel.sha256.iter().map(|h| format!(" --hash=sha256:{h}"));
        format!(
            "{}=={}{}\n",
            wheel.name,
            wheel.version,
            hashes.collect::<String>()
        )
    };
    wheels.iter().map(line).collect()
}

/// A Python 3 that has pip.
pub fn python() -> Result<PathBuf> {
    let advice = "install Python 3.11 or newer with pip (on Debian: apt-get install python3-pip)";
    let mut version = Command::new("python3");
    version.args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
    if version.status().is_ok_and(|status| !status.success()) {
        bail!("`python3` is older than 3.11; {advice}");
    }
    let mut asked = Command::new("python3");
    asked.args(["-m", "pip", "--version"]);
    match asked.output() {
        Ok(output) if output.status.success() => Ok(PathBuf::from("python3")),
        Ok(output) => bail!(
            "failed to run `python3 -m pip --version`: {}; {advice}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) => bail!("failed to run `python3`: {error}; {advice}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_file_is_listed() {
        let wheel = Wheel {
            name: "ninja".into(),
            version: "1.13.2".into(),
            sha256: vec!["aa".into(), "bb".into()],
        };
        assert_eq!(
            requirements(&[wheel]),
            "ninja==1.13.2 --hash=sha256:aa --hash=sha256:bb\n"
        );
    }
}
