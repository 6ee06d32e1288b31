//! Runs a reference's script and keeps its results in the working folder, for later tests with the same inputs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use support::files::{PARTIAL_PREFIX, file_name, files_with_extension, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::progress::{ProgressStep, print_status};
use support::run::Shell;

use crate::Fixture;
use crate::programs::{Programs, run_and_capture};
use crate::reference::{Reference, Release};

/// A script, which is run as `SCRIPT OUT OPTION... FILE...` and writes its results to the folder OUT.
pub struct WheelScript<'a> {
    pub release: Release,
    /// The path below `data/`. The script may import others in its folder.
    pub path: &'a str,
    pub options: &'a [String],
    /// Files that are read; their names and content decide whether earlier results are reused.
    pub files: &'a [PathBuf],
}

impl WheelScript<'_> {
    /// The folder with the results, of an earlier run if there was one with the same inputs.
    pub fn cached_results(&self, fixture: &Fixture, programs: &Programs) -> Result<PathBuf> {
        let folder = programs.dir().join(format!("wheel-{}", self.key(fixture)?.short()));
        if folder.is_dir() {
            print_status("using the wheel's results of an earlier run");
            return Ok(folder);
        }
        let partial = temporary_dir_in(programs.dir(), PARTIAL_PREFIX)?;
        self.run(fixture, partial.path())?;
        fs::rename(partial.path(), &folder)?;
        Ok(folder)
    }

    /// Runs the script, which writes to the folder `out`.
    pub fn run(&self, fixture: &Fixture, out: &Path) -> Result<()> {
        let reference = Reference::install(self.release, fixture.paths)?;
        let _step = ProgressStep::start("running OpenCV's Python wheel".to_owned());
        let (sh, script) = (Shell::new()?, fixture.data_dir().join(self.path));
        let wheel = reference.python_command(&sh, &script).arg(out);
        run_and_capture(wheel.args(self.options).args(self.files))?;
        Ok(())
    }

    fn key(&self, fixture: &Fixture) -> Result<Fingerprint> {
        let mut inputs = vec![
            ("pins".to_owned(), self.release.fingerprint()?.to_string().into()),
            ("options".to_owned(), self.options.join("\n").into()),
        ];
        let scripts = fixture.data_dir().join(self.path).with_file_name("");
        for path in files_with_extension(&scripts, "py")?.iter().chain(self.files) {
            inputs.push((file_name(path), fs::read(path)?));
        }
        let inputs = inputs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        Ok(Fingerprint::of(inputs))
    }
}
