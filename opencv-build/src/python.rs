//! The machine's Python, which installs the tools: one that is new enough and has pip, run with only the network
//! settings of the user's environment.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use support::environment::{Environment, VariableGroup};

/// Prints the version, and whether this is a virtual environment; fails if the version is too old.
const VERSION_SCRIPT: &str = "import sys; \
    print('%d.%d.%d' % sys.version_info[:3], sys.prefix != sys.base_prefix); \
    sys.exit(sys.version_info < (3, 11))";

/// Marks, in an error, a Python of a virtual environment without pip.
const VIRTUAL_ENVIRONMENT: &str = " in a virtual environment";

const INSTALL_HINT: &str = "install Python 3.11 or newer with pip (on Debian: apt-get install python3-pip)";

#[derive(Clone, Debug)]
pub(crate) struct Python {
    pub(crate) program: PathBuf,
    pub(crate) environment: Environment,
}

impl Python {
    pub(crate) fn find() -> Result<Self> {
        Self::find_in(&Environment::current())
    }

    pub(crate) fn find_in(environment: &Environment) -> Result<Self> {
        let mut refused = Vec::new();
        let mut seen = BTreeSet::new();
        for folder in environment.search_path() {
            let program = folder.join("python3");
            // PATH can contain the same folder under several names.
            if !program.is_file() || !seen.insert(folder.canonicalize().unwrap_or(folder)) {
                continue;
            }
            let python = Self {
                program,
                environment: environment.clone(),
            };
            match python.check() {
                Ok(()) => return Ok(python),
                Err(what) => refused.push(format!("\n  `{}` {what}", python.program.display())),
            }
        }
        if refused.is_empty() {
            bail!("there is no `python3` on PATH; {INSTALL_HINT}");
        }
        let refused = refused.concat();
        let venv_hint = if refused.contains(VIRTUAL_ENVIRONMENT) {
            ", or give the virtual environment pip (`uv pip install pip`, `python3 -m ensurepip`)"
        } else {
            ""
        };
        bail!("no `python3` on PATH is Python 3.11 or newer with pip; {INSTALL_HINT}{venv_hint}; found:{refused}")
    }

    /// Python with `-P`, which does not import modules from the current folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.environment
            .restrict(&mut command, &[VariableGroup::Network])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("-P");
        command
    }

    fn check(&self) -> Result<(), String> {
        let silent = |error: io::Error| format!("does not start: {error}");
        let mut command = Command::new(&self.program);
        self.environment.restrict(&mut command, &[]);
        let output = command.args(["-c", VERSION_SCRIPT]).output().map_err(silent)?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let Some((version, is_virtual)) = stdout.trim().split_once(' ') else {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("does not work: {}", last_line(&why)));
        };
        if !output.status.success() {
            return Err(format!("is Python {version}"));
        }
        let pip = self.command().args(["-m", "pip", "--version"]).output();
        let pip = pip.map_err(silent)?;
        if pip.status.success() {
            return Ok(());
        }
        let which = if is_virtual == "True" { VIRTUAL_ENVIRONMENT } else { "" };
        let why = String::from_utf8_lossy(&pip.stderr);
        let why = last_line(&why);
        Err(format!("is Python {version}{which}, without pip: {why}"))
    }
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it printed no error")
}

#[cfg(test)]
pub(crate) mod tests;
