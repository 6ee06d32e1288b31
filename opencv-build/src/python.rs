//! The machine's Python, which installs the tools: one that is new enough and has pip, and that sees nothing
//! of the user's environment but how to reach servers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use support::environment::{Environment, Group};

/// Prints the version, and whether it is that of a virtual environment; fails if it is too old.
const QUESTION: &str = "import sys; \
    print('%d.%d.%d' % sys.version_info[:3], sys.prefix != sys.base_prefix); \
    sys.exit(sys.version_info < (3, 11))";

const ADVICE: &str =
    "install Python 3.11 or newer with pip (on Debian: apt-get install python3-pip)";

/// A Python 3.11 or newer that has pip.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    program: PathBuf,
    environment: Environment,
}

impl Python {
    /// The first one on the user's PATH.
    ///
    /// # Errors
    /// There is none; the error lists those that were found.
    pub(crate) fn find() -> Result<Self> {
        Self::find_in(Environment::of_user())
    }

    pub(crate) fn find_in(environment: Environment) -> Result<Self> {
        let mut refused = Vec::new();
        let mut seen = BTreeSet::new();
        let mut without_pip = false;
        for folder in environment.path() {
            let program = folder.join("python3");
            // The same folder can be on PATH under several names.
            if !program.is_file() || !seen.insert(folder.canonicalize().unwrap_or(folder)) {
                continue;
            }
            let python = Self {
                program,
                environment: environment.clone(),
            };
            match python.check() {
                Ok(()) => return Ok(python),
                Err(Fault { what, virtual_one }) => {
                    without_pip |= virtual_one;
                    refused.push(format!("\n  `{}` {what}", python.program.display()));
                }
            }
        }
        if refused.is_empty() {
            bail!("there is no `python3` on PATH; {ADVICE}");
        }
        let of_uv = if without_pip {
            ", or give the virtual environment pip (`uv pip install pip`, `python3 -m ensurepip`)"
        } else {
            ""
        };
        bail!(
            "no `python3` on PATH is Python 3.11 or newer with pip; {ADVICE}{of_uv}; these were found:{}",
            refused.concat()
        )
    }

    /// The program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The user's environment, of which it sees little.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Python with `-P`: modules in the folder where it is started are not its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.environment
            .restrict(&mut command, &[Group::Network])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("-P");
        command
    }

    fn check(&self) -> Result<(), Fault> {
        let mut ask = Command::new(&self.program);
        self.environment.restrict(&mut ask, &[]);
        let answer = ask.args(["-c", QUESTION]).output();
        let answer = answer.map_err(|error| Fault::of(format!("does not start: {error}")))?;
        let said = String::from_utf8_lossy(&answer.stdout);
        let Some((version, virtual_one)) = said.trim().split_once(' ') else {
            let why = String::from_utf8_lossy(&answer.stderr);
            return Err(Fault::of(format!("does not work: {}", last_line(&why))));
        };
        if !answer.status.success() {
            return Err(Fault::of(format!("is Python {version}")));
        }
        let pip = self.command().args(["-m", "pip", "--version"]).output();
        let pip = pip.map_err(|error| Fault::of(format!("does not start: {error}")))?;
        if pip.status.success() {
            return Ok(());
        }
        let virtual_one = virtual_one == "True";
        let which = if virtual_one {
            " in a virtual environment"
        } else {
            ""
        };
        let why = String::from_utf8_lossy(&pip.stderr);
        let why = last_line(&why);
        Err(Fault {
            what: format!("is Python {version}{which}, without pip: {why}"),
            virtual_one,
        })
    }
}

/// Why a Python will not do.
struct Fault {
    what: String,
    /// Whether what it lacks is pip, and it belongs to a virtual environment.
    virtual_one: bool,
}

impl Fault {
    fn of(what: String) -> Self {
        Self {
            what,
            virtual_one: false,
        }
    }
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it says nothing")
}

#[cfg(test)]
pub(crate) mod tests {
    use fs_err as fs;

    use super::*;
    use crate::compiler::write_script;

    /// A Python of this version, in a virtual environment or not, with this for pip.
    fn stand_in(folder: &Path, version: &str, virtual_one: &str, pip: &str) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let old = i32::from(version.starts_with("3.9"));
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = -c ] && {{ echo {version} {virtual_one}; exit {old}; }}\n{pip}\n"
        );
        write_script(&folder.join("python3"), &script).unwrap();
        folder.to_owned()
    }

    /// Finds on a PATH of these folders.
    fn find(folders: &[&Path]) -> Result<Python> {
        let path = std::env::join_paths(folders).unwrap();
        Python::find_in([("PATH", path)].into_iter().collect())
    }

    /// A Python whose pip is this script, which sees `environment`.
    pub(crate) fn with_pip(folder: &Path, pip: &str, environment: Environment) -> Python {
        let folder = stand_in(folder, "3.12.1", "False", pip);
        Python {
            program: folder.join("python3"),
            environment,
        }
    }

    const NO_PIP: &str = "echo No module named pip >&2; exit 1";

    #[test]
    fn what_is_old_or_has_no_pip_is_passed_over() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let uv = stand_in(&at("venv"), "3.12.1", "True", NO_PIP);
        let old = stand_in(&at("old"), "3.9.2", "False", "exit 0");
        let good = stand_in(&at("good"), "3.11.7", "False", "exit 0");
        let better = stand_in(&at("better"), "3.14.0", "False", "exit 0");
        let found = find(&[&at("nowhere"), &uv, &old, &good, &better]).unwrap();
        assert_eq!(found.program(), good.join("python3"));
    }

    #[test]
    fn an_error_says_what_was_found_where_and_what_helps() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let uv = stand_in(&at("venv"), "3.12.1", "True", NO_PIP);
        let old = stand_in(&at("old"), "3.9.2", "False", "exit 0");
        let broken = at("broken");
        fs::create_dir(&broken).unwrap();
        write_script(&broken.join("python3"), "#!/bin/sh\necho no luck >&2\n").unwrap();
        let error = find(&[&uv, &old, &broken, &uv]).unwrap_err().to_string();
        for part in [
            format!(
                "`{}` is Python 3.12.1 in a virtual environment, without pip: No module named pip",
                uv.join("python3").display()
            ),
            format!("`{}` is Python 3.9.2\n", old.join("python3").display()),
            format!(
                "`{}` does not work: no luck",
                broken.join("python3").display()
            ),
            "`uv pip install pip`".to_owned(),
            "apt-get install python3-pip".to_owned(),
        ] {
            assert!(error.contains(&part), "{part} is not in\n{error}");
        }
        assert_eq!(error.matches("3.12.1").count(), 1, "{error}");
        let error = find(&[&old]).unwrap_err().to_string();
        assert!(!error.contains("uv"), "{error}");
        let error = find(&[&at("nowhere")]).unwrap_err().to_string();
        assert!(
            error.starts_with("there is no `python3` on PATH"),
            "{error}"
        );
    }

    #[test]
    #[ignore = "needs the machine's Python; `cargo xtask test` runs it"]
    fn the_machines_python_sees_no_modules_of_the_working_folder_and_of_the_environment() {
        let scratch = tempfile::tempdir().unwrap();
        let hostile = "raise SystemExit('hostile')\n";
        fs::write(scratch.path().join("json.py"), hostile).unwrap();
        let mut variables: Vec<_> = std::env::vars_os().collect();
        variables.push(("PYTHONPATH".into(), scratch.path().into()));
        variables.push(("PYTHONHOME".into(), "/nowhere".into()));
        let python = Python::find_in(variables.into_iter().collect()).unwrap();
        let mut command = python.command();
        command.args(["-c", "import json; print(json.dumps(1))"]);
        let output = command.current_dir(scratch.path()).output().unwrap();
        assert_eq!(output.stdout, b"1\n", "{output:?}");
    }
}
