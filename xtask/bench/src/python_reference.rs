//! The reference function in Python: installs its wheels in the target folder, and builds its command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::internals::{Wheel, find_python, install_wheels};
use serde::Deserialize;

use super::context::BenchContext;
use support::files::{file_name, sorted_entries, write_if_changed};
use support::run::{Shell, cmd, output, wait_with_output};

const HANDLER: &str = include_str!("../data/python/handler.py");
const DETECT: &str = include_str!("../data/detect/detect.py");

/// Folders in Python's standard library that the function does not use.
const UNUSED_FOLDERS: [&str; 3] = ["site-packages", "dist-packages", "test"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pins {
    wheel: Vec<Wheel>,
}

pub struct PythonReference {
    python: PathBuf,
    /// The folder of the standard library.
    library: PathBuf,
    wheels: PathBuf,
    pub task: PathBuf,
    cascades: PathBuf,
}

impl PythonReference {
    pub fn install(context: &BenchContext) -> Result<Self> {
        let python = find_python()?;
        let script = "import sys, sysconfig; print(sys.version_info[1], sys.executable, \
                      sysconfig.get_path('stdlib'), sep='\\n')";
        let sh = Shell::new()?;
        let stdout = output(cmd!(sh, "{python} -c {script}"))?;
        let mut lines = stdout.lines();
        let (Some(minor), Some(python), Some(library)) = (lines.next(), lines.next(), lines.next()) else {
            anyhow::bail!("`{}` did not print its paths", python.display());
        };
        ensure!(
            ["11", "12"].contains(&minor),
            "the Python function needs Python 3.11 or 3.12, and `python3` is 3.{minor}: numpy below 2, which the \
             wheel of OpenCV 4.5.5 needs, has no wheels for other versions"
        );
        let pins: Pins =
            toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")?;
        let folder = context.results_dir();
        fs::create_dir_all(&folder)?;
        let wheels = install_wheels(&pins.wheel, &folder, &format!("python-3.{minor}"))?;
        let installed = Self {
            python: python.into(),
            library: library.into(),
            wheels: std::path::absolute(wheels)?,
            task: std::path::absolute(folder.join("task"))?,
            cascades: std::path::absolute(context.sdk.path().join("share/haarcascades"))?,
        };
        write_if_changed(&installed.task.join("handler.py"), HANDLER.as_bytes())?;
        write_if_changed(&installed.task.join("detect.py"), DETECT.as_bytes())?;
        // Precompiled, as in an optimised deployment; compiled files are kept. Some packages have files for other
        // releases of Python, for which this fails: those are not used.
        let (python, task, wheels) = (&installed.python, &installed.task, &installed.wheels);
        wait_with_output(cmd!(sh, "{python} -m compileall -q -q {task} {wheels}"))?;
        Ok(installed)
    }

    pub fn command(&self) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![self.python.clone().into()];
        // -S omits this machine's packages, which Lambda does not have and which would take time.
        command.extend(["-S", "-m", "awslambdaric", "handler.handler"].map(OsString::from));
        command
    }

    pub fn program(&self, name: &str) -> Result<Command> {
        let (sh, python, task) = (Shell::new()?, &self.python, &self.task);
        let program = cmd!(sh, "{python} -S {task}/{name}");
        Ok(program.env("PYTHONPATH", &self.wheels).into())
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = [&self.wheels, &self.task].map(|folder| folder.display().to_string());
        vec![
            ("PYTHONPATH", path.join(":")),
            ("BENCH_CASCADES", self.cascades.display().to_string()),
            ("LAMBDA_TASK_ROOT", self.task.display().to_string()),
        ]
    }

    pub fn files(&self) -> Vec<PathBuf> {
        let entries = |folder: Option<&Path>| {
            let entries = folder.and_then(|folder| sorted_entries(folder).ok());
            entries.into_iter().flatten()
        };
        // If Python is a shared library, it is next to the standard library's folder.
        let library = entries(self.library.parent());
        let library = library.filter(|path| file_name(path).starts_with("libpython"));
        // Without the packages of this machine, which are in the same folder and may be many.
        let modules = entries(Some(&self.library));
        let modules = modules.filter(|path| !UNUSED_FOLDERS.contains(&&*file_name(path)));
        let cascades = ["frontalface_default", "eye"].map(|name| self.cascades.join(format!("haarcascade_{name}.xml")));
        let own = [&self.python, &self.wheels, &self.task];
        own.into_iter()
            .cloned()
            .chain(cascades)
            .chain(library)
            .chain(modules)
            .collect()
    }
}
