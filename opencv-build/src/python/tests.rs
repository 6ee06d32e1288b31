use std::path::Path;

use fs_err as fs;

use super::*;
use crate::compiler::write_script;

/// `pip` is the shell script that runs instead of pip.
fn fake_python(folder: &Path, version: &str, is_virtual: &str, pip: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let old = i32::from(version.starts_with("3.9"));
    let script = format!("#!/bin/sh\n[ \"$1\" = -c ] && {{ echo {version} {is_virtual}; exit {old}; }}\n{pip}\n");
    write_script(&folder.join("python3"), &script).unwrap();
    folder.to_owned()
}

/// Finds a Python on a PATH of these folders.
fn find(folders: &[&Path]) -> Result<Python> {
    let path = std::env::join_paths(folders).unwrap();
    Python::find_in(&[("PATH", path)].into_iter().collect())
}

/// A Python whose pip is the shell script `pip`, run in `environment`.
pub(crate) fn python_with_pip(folder: &Path, pip: &str, environment: Environment) -> Python {
    let folder = fake_python(folder, "3.12.1", "False", pip);
    Python {
        program: folder.join("python3"),
        environment,
    }
}

const NO_PIP: &str = "echo No module named pip >&2; exit 1";

#[test]
fn old_python_or_without_pip_is_skipped() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let uv = fake_python(&at("venv"), "3.12.1", "True", NO_PIP);
    let old = fake_python(&at("old"), "3.9.2", "False", "exit 0");
    let good = fake_python(&at("good"), "3.11.7", "False", "exit 0");
    let better = fake_python(&at("better"), "3.14.0", "False", "exit 0");
    let found = find(&[&at("nowhere"), &uv, &old, &good, &better]).unwrap();
    assert_eq!(found.program, good.join("python3"));
}

#[test]
fn error_lists_rejected_interpreters_and_remedies() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let uv = fake_python(&at("venv"), "3.12.1", "True", NO_PIP);
    let old = fake_python(&at("old"), "3.9.2", "False", "exit 0");
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
        format!("`{}` does not work: no luck", broken.join("python3").display()),
        "`uv pip install pip`".to_owned(),
        "apt-get install python3-pip".to_owned(),
    ] {
        assert!(error.contains(&part), "{part} is not in\n{error}");
    }
    assert_eq!(error.matches("3.12.1").count(), 1, "{error}");
    let error = find(&[&old]).unwrap_err().to_string();
    assert!(!error.contains("uv"), "{error}");
    let error = find(&[&at("nowhere")]).unwrap_err().to_string();
    assert!(error.starts_with("there is no `python3` on PATH"), "{error}");
}

#[test]
#[ignore = "needs the machine's Python; `cargo xtask test` runs it"]
fn system_python_ignores_modules_of_current_dir_and_environment() {
    let scratch = tempfile::tempdir().unwrap();
    let hostile = "raise SystemExit('hostile')\n";
    fs::write(scratch.path().join("json.py"), hostile).unwrap();
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.push(("PYTHONPATH".into(), scratch.path().into()));
    variables.push(("PYTHONHOME".into(), "/nowhere".into()));
    let python = Python::find_in(&variables.into_iter().collect()).unwrap();
    let mut command = python.command();
    command.args(["-c", "import json; print(json.dumps(1))"]);
    let output = command.current_dir(scratch.path()).output().unwrap();
    assert_eq!(output.stdout, b"1\n", "{output:?}");
}
