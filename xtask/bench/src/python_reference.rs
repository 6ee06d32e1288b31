//! The references in Python: installs their wheels in the target folder, and builds their commands. There are two,
//! which differ in the release of OpenCV and in the function.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use opencv_build::internals::{Wheel, find_python, install_wheels};
use serde::Deserialize;

use package::workspace::Workspace;
use support::files::{file_name, sorted_entries, write_if_changed};
use support::run::{Shell, cmd, output, wait_with_output};

/// The functions and the programs for measurements. All are installed for each release; each runs with one of them.
const SOURCES: [(&str, &str); 6] = [
    ("stored_photo.py", include_str!("../data/python/stored_photo.py")),
    ("haar_function.py", include_str!("../data/python/haar_function.py")),
    ("yunet_function.py", include_str!("../data/python/yunet_function.py")),
    ("detect.py", include_str!("../data/detect/detect.py")),
    ("yunet.py", include_str!("../data/detect/yunet.py")),
    ("eval_reference.py", include_str!("../data/eval/reference.py")),
];

/// The network for OpenCV's own detector, in the SDK.
const MODEL: &str = "share/yunet/face_detection_yunet.onnx";

/// Folders in Python's standard library that the function does not use.
const UNUSED_FOLDERS: [&str; 3] = ["site-packages", "dist-packages", "test"];

/// The release of OpenCV's wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 4.5.5, with cascades.
    V4_5_5,
    /// 4.14, with `FaceDetectorYN`.
    V4_14,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Pins {
    /// The packages that all references need.
    wheel: Vec<Wheel>,
    opencv_4_5_5: Vec<Wheel>,
    opencv_4_14: Vec<Wheel>,
}

pub struct PythonReference {
    release: Release,
    python: PathBuf,
    /// The folder of the standard library.
    library: PathBuf,
    wheels: PathBuf,
    pub task: PathBuf,
    cascades: PathBuf,
    model: PathBuf,
}

impl Release {
    fn wheels(self, pins: Pins) -> Vec<Wheel> {
        let own = match self {
            Self::V4_5_5 => pins.opencv_4_5_5,
            Self::V4_14 => pins.opencv_4_14,
        };
        [pins.wheel, own].concat()
    }

    fn name(self) -> &'static str {
        match self {
            Self::V4_5_5 => "opencv-4.5.5",
            Self::V4_14 => "opencv-4.14",
        }
    }

    fn handler(self) -> &'static str {
        match self {
            Self::V4_5_5 => "haar_function.handler",
            Self::V4_14 => "yunet_function.handler",
        }
    }
}

impl PythonReference {
    /// Installs the reference in the subfolder `bench` of the target folder, unless it is installed.
    ///
    /// # Errors
    /// Python is not 3.11 or 3.12, or its packages cannot be installed.
    pub fn install(workspace: &Workspace, sdk: &Sdk, release: Release) -> Result<Self> {
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
            "the references in Python need Python 3.11 or 3.12, and `python3` is 3.{minor}: numpy below 2, which the \
             wheel of OpenCV 4.5.5 needs, has no wheels for other versions"
        );
        let folder = workspace.target_dir().join("bench");
        fs::create_dir_all(&folder)?;
        let wheels = install_wheels(
            &release.wheels(pins()?),
            &folder,
            &format!("python-3.{minor}-{}", release.name()),
        )?;
        let installed = Self {
            release,
            python: python.into(),
            library: library.into(),
            wheels: std::path::absolute(wheels)?,
            task: std::path::absolute(folder.join("task"))?,
            cascades: std::path::absolute(sdk.path().join("share/haarcascades"))?,
            model: std::path::absolute(sdk.path().join(MODEL))?,
        };
        for (name, source) in SOURCES {
            write_if_changed(&installed.task.join(name), source.as_bytes())?;
        }
        // Precompiled, as in an optimised deployment; compiled files are kept. Some packages have files for other
        // releases of Python, for which this fails: those are not used.
        let (python, task, wheels) = (&installed.python, &installed.task, &installed.wheels);
        wait_with_output(cmd!(sh, "{python} -m compileall -q -q {task} {wheels}"))?;
        Ok(installed)
    }

    /// The command that starts the function.
    pub fn command(&self) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![self.python.clone().into()];
        // -S omits this machine's packages, which Lambda does not have and which would take time.
        command.extend(["-S", "-m", "awslambdaric", self.release.handler()].map(OsString::from));
        command
    }

    /// The command of one of the programs for measurements.
    pub fn program(&self, name: &str) -> Result<Command> {
        let (sh, python, task) = (Shell::new()?, &self.python, &self.task);
        let program = cmd!(sh, "{python} -S {task}/{name}");
        Ok(program.env("PYTHONPATH", &self.wheels).into())
    }

    /// The frontal cascade, as XML.
    pub fn face_cascade(&self) -> PathBuf {
        self.cascade("frontalface_default")
    }

    /// The network as an ONNX file; it exists only if the SDK has one.
    pub fn model(&self) -> &Path {
        &self.model
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = [&self.wheels, &self.task].map(|folder| folder.display().to_string());
        vec![
            ("PYTHONPATH", path.join(":")),
            ("BENCH_CASCADES", self.cascades.display().to_string()),
            ("BENCH_MODEL", self.model.display().to_string()),
            ("LAMBDA_TASK_ROOT", self.task.display().to_string()),
        ]
    }

    /// The files that the function reads when it starts.
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
        let models = match self.release {
            Release::V4_5_5 => vec![self.face_cascade(), self.cascade("eye")],
            Release::V4_14 => vec![self.model.clone()],
        };
        let own = [&self.python, &self.wheels, &self.task];
        own.into_iter()
            .cloned()
            .chain(models)
            .chain(library)
            .chain(modules)
            .collect()
    }

    fn cascade(&self, name: &str) -> PathBuf {
        self.cascades.join(format!("haarcascade_{name}.xml"))
    }
}

fn pins() -> Result<Pins> {
    toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_differ_only_in_opencv_and_numpy() {
        let names = |release: Release| -> Vec<(String, String)> {
            let wheels = release.wheels(pins().unwrap()).into_iter();
            wheels.map(|wheel| (wheel.name, wheel.version)).collect()
        };
        let (old, new) = (names(Release::V4_5_5), names(Release::V4_14));
        let own = |list: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
            let own = list.iter().filter(|wheel| !other.contains(wheel));
            own.map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(own(&old, &new), ["numpy", "opencv-python-headless"]);
        assert_eq!(own(&new, &old), ["numpy", "opencv-python-headless"]);
        assert!(old.len() > 10, "{old:?}");
    }

    #[test]
    fn every_function_is_installed() {
        for release in [Release::V4_5_5, Release::V4_14] {
            let file = release.handler().replace(".handler", ".py");
            assert!(SOURCES.iter().any(|(name, _)| *name == file), "{file}");
        }
    }
}
