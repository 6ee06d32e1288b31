//! How much processor time compiling each library took. cmake calls each compiler through a script that
//! notes it beside the object file; these notes are summed up here. It is the same whatever the number of
//! jobs was and whatever else the machine did, which the times in ninja's log are not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::compiler::write_script;
use crate::links::link_name;
use support::files::all_files;

const SCRIPT: &str = include_str!("../data/timed.sh");

/// Processor time by library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Seconds by the name that the library is linked by: `opencv_core`, `png`.
    pub seconds: BTreeMap<String, f64>,
}

/// Options that have cmake call compilers through the script, which is written into `folder`.
pub(crate) fn launcher(folder: &Path) -> Result<BTreeMap<String, String>> {
    fs::create_dir_all(folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    let script = folder.join("timed");
    write_script(&script, SCRIPT)?;
    let options = ["C", "CXX"].map(|language| {
        let option = format!("CMAKE_{language}_COMPILER_LAUNCHER");
        (option, script.display().to_string())
    });
    Ok(options.into())
}

impl Effort {
    /// What the libraries of the build in the folder `work` took; nothing where there is none.
    ///
    /// # Errors
    /// A note cannot be read.
    pub fn of(work: &Path) -> Result<Self> {
        let build = work.join("build");
        let mut effort = Self::default();
        if !build.is_dir() {
            return Ok(effort);
        }
        for path in all_files(&build)? {
            if path
                .extension()
                .is_some_and(|extension| extension == "times")
            {
                effort.add(&build, path)?;
            }
        }
        Ok(effort)
    }

    fn add(&mut self, build: &Path, note: PathBuf) -> Result<()> {
        let failed = || format!("failed to read `{}`", note.display());
        let text = fs::read_to_string(&note).with_context(failed)?;
        let seconds =
            seconds_in(&text).with_context(|| format!("{}: it is no note of times", failed()))?;
        let below = note.strip_prefix(build).unwrap_or(&note);
        if let Some(library) = below.to_str().and_then(library_of) {
            *self.seconds.entry(library).or_default() += seconds;
        }
        Ok(())
    }
}

/// The library that a file of the build folder is made for, by the name to link by.
fn library_of(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("CMakeFiles/")?;
    let (target, _) = rest.split_once(".dir/")?;
    Some(link_name(target).to_owned())
}

/// User and system time in the second line of what a shell's `times` prints: `0m1.25s 0m0.50s`.
fn seconds_in(times: &str) -> Option<f64> {
    let mut fields = times.lines().nth(1)?.split_whitespace();
    let mut seconds = || {
        let (minutes, seconds) = fields.next()?.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    Some(seconds()? + seconds()?)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn each_library_has_the_time_of_its_own_files() {
        let work = tempfile::tempdir().unwrap();
        assert_eq!(Effort::of(work.path()).unwrap(), Effort::default());
        let note = |path: &str, text: &str| {
            let path = work.path().join("build").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let core = "modules/core/CMakeFiles/opencv_core.dir";
        note(
            &format!("{core}/a.cpp.o.times"),
            "0m9s 0m9s\n1m1.5s 0m0.25s\n",
        );
        note(
            &format!("{core}/cmake_pch.hxx.pch.times"),
            "0m0s 0m0s\n0m2s 0m0s\n",
        );
        note(
            "3rdparty/libpng/CMakeFiles/libpng.dir/p.c.o.times",
            "x\n0m0.5s 0m0.5s\n",
        );
        note("CMakeFiles/3/check.o.times", "x\n0m7s 0m7s\n");
        note(&format!("{core}/a.cpp.o"), "no note");
        let expected = [("opencv_core", 63.75), ("png", 1.0)];
        let expected = expected.map(|(name, seconds)| (name.to_owned(), seconds));
        let found = Effort::of(work.path()).unwrap();
        assert_eq!(found.seconds, BTreeMap::from(expected));

        note(&format!("{core}/b.cpp.o.times"), "");
        let error = format!("{:#}", Effort::of(work.path()).unwrap_err());
        assert!(error.contains("b.cpp.o.times`: it is no note"), "{error}");
    }

    /// Calls the script with a compiler that writes its output and ends with `code`; what it notes then.
    fn noted(code: i32) -> (Option<i32>, Option<f64>) {
        let folder = tempfile::tempdir().unwrap();
        let options = launcher(folder.path()).unwrap();
        let compiler = folder.path().join("c++");
        // It counts long enough for a clock that counts hundredths.
        let text = format!(
            "#!/bin/sh\ni=0\nwhile [ $i -lt 100000 ]; do i=$((i + 1)); done\nexit {code}\n"
        );
        write_script(&compiler, &text).unwrap();
        let status = Command::new(&options["CMAKE_CXX_COMPILER_LAUNCHER"])
            .arg(&compiler)
            .args(["-c", "a b.cpp", "-o", "a.o", "-MD"])
            .current_dir(folder.path())
            .status()
            .unwrap();
        let text = fs::read_to_string(folder.path().join("a.o.times")).ok();
        (status.code(), text.map(|text| seconds_in(&text).unwrap()))
    }

    #[test]
    fn the_script_notes_the_compilers_time_and_passes_its_failure_on() {
        let (code, seconds) = noted(0);
        assert_eq!(code, Some(0));
        assert!(seconds.unwrap() > 0.0, "{seconds:?}");
        assert_eq!(noted(3), (Some(3), None));
    }
}
