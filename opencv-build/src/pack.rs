//! Packs an SDK's Haar cascades: compiles `data/pack.cpp` with the detector's own files, and gives it
//! each cascade's numbers. The program runs here, whatever the SDK is for: packed cascades are the same
//! bytes on every processor.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::cascades;
use crate::overlay;
use support::files::sorted_entries;
use support::run::show;

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
            fs::write(&file, text)
                .with_context(|| format!("failed to write `{}`", file.display()))?;
            if NEEDED.iter().any(|name| path.ends_with(name)) {
                sources.push(file);
            }
        }
        let main = folder.join("pack.cpp");
        fs::write(&main, PROGRAM)
            .with_context(|| format!("failed to write `{}`", main.display()))?;
        sources.push(main);
        let program = folder.join("pack");
        let [compiler, arguments @ ..] = self.compiler.as_slice() else {
            anyhow::bail!("there is no compiler");
        };
        let mut command = Command::new(compiler);
        command
            .args(arguments)
            // As the detector is compiled: no product and sum as one.
            .args(["-std=c++11", "-O2", "-ffp-contract=off", "-o"])
            .arg(&program)
            .args(&sources);
        let status = command
            .status()
            .with_context(|| format!("failed to start `{}`", show(&command)))?;
        ensure!(
            status.success(),
            "failed to run `{}`: {status}",
            show(&command)
        );
        Ok(program)
    }

    fn pack(&self, program: &Path, path: &Path) -> Result<()> {
        let xml = fs::read_to_string(path)?;
        let name = path.file_stem().unwrap_or_default().display();
        let Some(numbers) = cascades::plain(&xml)? else {
            println!("{name}: not packed; it is no Haar cascade in the present form");
            return Ok(());
        };
        let mut child = Command::new(program)
            .arg(path.with_extension("packed"))
            .arg(if self.models { "models" } else { "plain" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start the packing program")?;
        // Taken, so that it is closed behind the last number.
        let mut input = child.stdin.take().context("it takes no input")?;
        let written = input.write_all(numbers.as_bytes());
        drop(input);
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}", said.trim());
        written?;
        println!("{name}: packed; {}", said.trim());
        Ok(())
    }
}
