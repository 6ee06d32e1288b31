//! Packs an SDK's Haar cascades: compiles `data/pack.cpp` with the detector's own files, and gives it
//! each cascade's numbers. The program runs here, whatever the SDK is for: packed cascades are the same
//! bytes on every processor.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use fs_err::{self as fs, File};
use serde::{Deserialize, Serialize};

use crate::cascades;
use crate::overlay;
use support::files::sorted_entries;
use support::run::{Shell, cmd, finish, succeed};

const PROGRAM: &str = include_str!("../data/pack.cpp");

/// Where the detector's files are.
const DETECTOR: &str = "modules/objdetect/src/haar/";

/// Those of them that pack.
const NEEDED: [&str; 4] = ["/check.cpp", "/model.cpp", "/packed.cpp", "/stump.cpp"];

/// Packs every Haar cascade in a folder, each beside its file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackJob {
    /// A command that compiles C++ for this machine.
    pub(crate) compiler: Vec<PathBuf>,
    pub(crate) cascades: PathBuf,
    /// Whether they get the model that our detector needs.
    pub(crate) models: bool,
}

impl PackJob {
    pub(crate) fn perform(&self) -> Result<()> {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let program = self.compile(folder.path())?;
        for path in sorted_entries(&self.cascades)? {
            if path.extension().is_none_or(|extension| extension != "xml") {
                continue;
            }
            self.pack(&program, &path)
                .with_context(|| format!("failed to pack the cascade `{}`", path.display()))?;
        }
        Ok(())
    }

    fn compile(&self, folder: &Path) -> Result<PathBuf> {
        let mut sources = Vec::new();
        for (path, text) in overlay::below(DETECTOR) {
            let file = folder.join(path.trim_start_matches(DETECTOR));
            fs::write(&file, text)?;
            if NEEDED.iter().any(|name| path.ends_with(name)) {
                sources.push(file);
            }
        }
        let main = folder.join("pack.cpp");
        fs::write(&main, PROGRAM)?;
        sources.push(main);
        let program = folder.join("pack");
        let [compiler, arguments @ ..] = self.compiler.as_slice() else {
            anyhow::bail!("there is no compiler");
        };
        // As the detector is compiled: no product and sum as one.
        let sh = Shell::new()?;
        succeed(cmd!(
            sh,
            "{compiler} {arguments...} -std=c++11 -O2 -ffp-contract=off -o {program} {sources...}"
        ))?;
        Ok(program)
    }

    fn pack(&self, program: &Path, path: &Path) -> Result<()> {
        let xml = fs::read_to_string(path)?;
        let name = path.file_stem().unwrap_or_default().display();
        let Some(numbers) = cascades::plain(&xml)? else {
            println!("{name}: not packed; it is no Haar cascade in the present form");
            return Ok(());
        };
        let packed = path.with_extension("packed");
        let kind = if self.models { "models" } else { "plain" };
        let input = program.with_extension("numbers");
        fs::write(&input, numbers)?;
        let sh = Shell::new()?;
        let mut pack = Command::from(cmd!(sh, "{program} {packed} {kind}"));
        pack.stdin(File::open(&input)?.into_file());
        let output = finish(pack.stderr(Stdio::inherit()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}", said.trim());
        println!("{name}: packed; {}", said.trim());
        Ok(())
    }
}
