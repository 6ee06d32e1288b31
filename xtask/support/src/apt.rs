//! Downloads packages of Debian and its derivatives with apt, without root.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::environment::{VariableGroup, restricted};
use crate::files::sorted_entries;
use crate::lock::Lock;
use crate::run::{Shell, cmd, run_logged};

/// apt with options of its own. Its programs inherit the lock, so that it is held until the last one ends.
pub struct Apt<'a> {
    pub options: &'a [String],
    pub lock: &'a Lock,
    pub log: &'a Path,
}

impl Apt<'_> {
    /// Downloads the lists of packages.
    pub fn update(&self) -> Result<()> {
        self.run(&["update"], Path::new("."))
    }

    /// Downloads a package, `NAME[:ARCHITECTURE][=VERSION]`, into the empty folder `folder`; returns the file's path.
    pub fn download(&self, package: &str, folder: &Path) -> Result<PathBuf> {
        self.run(&["download", package], folder)?;
        match sorted_entries(folder)?.as_slice() {
            [file] => Ok(file.clone()),
            files => bail!("apt-get wrote {} files", files.len()),
        }
    }

    fn run(&self, arguments: &[&str], folder: &Path) -> Result<()> {
        let sh = Shell::new()?;
        sh.change_dir(folder);
        let options = ["Acquire::Retries=1", "Acquire::http::Timeout=20"].into_iter();
        let options = options.chain(self.options.iter().map(String::as_str));
        let options: Vec<_> = options.flat_map(|option| ["-o", option]).collect();
        let apt = cmd!(sh, "apt-get --quiet {options...} {arguments...}");
        let mut apt = Command::from(restricted(apt, &[VariableGroup::Network]));
        run_logged(apt.stdin(self.lock.inheritable_stdin()?), self.log, |_| ())
    }
}
