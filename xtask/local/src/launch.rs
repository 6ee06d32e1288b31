//! Starts the emulator with an image's content: in a container, or from the unpacked image.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use layer::elf::Elf;
use layer::{Architecture, glibc};

use super::engine::docker;
use super::instance::Instance;
use package::pack::{BOOTSTRAP, Written};
use support::child::Child;
use support::interruption::Cleanup;
use support::run::{Shell, cmd, output};

pub struct Launch<'a> {
    pub program: &'a Path,
    /// For the log and the unpacked image.
    pub folder: &'a Path,
    pub options: &'a [String],
    pub environment: &'a [(&'a str, String)],
}

pub struct Launched {
    pub instance: Instance,
    pub at: Instant,
    /// What ends a container; a process ends with its value.
    pub cleanup: Vec<Cleanup>,
}

impl Launch<'_> {
    /// In a container as Lambda would have it: nothing can be written but /tmp, and the user has
    /// no rights. What is to be undone is registered before it is done, so that an interruption
    /// in between leaves nothing.
    pub fn in_container(&self, image: &Written) -> Result<Launched> {
        let name = &image.reference;
        let remove_image = removal(&["image", "rm"], name)?;
        let archive = image.archive.display().to_string();
        docker(&["load", "--quiet", "--input", &archive])?;

        let container = name.replace(':', "-");
        let remove_container = removal(&["rm"], &container)?;
        let (sh, program, options) = (Shell::new()?, self.program, self.options);
        let mut run = cmd!(
            sh,
            "docker run --detach --name {container} --read-only --tmpfs /tmp --user 1000 --network host
             --entrypoint /aws-lambda-rie --volume {program}:/aws-lambda-rie:ro"
        );
        for (name, value) in self.environment {
            run = run.arg("--env").arg(format!("{name}={value}"));
        }
        let at = Instant::now();
        output(run.arg(name).args(options).arg(BOOTSTRAP))?;
        Ok(Launched {
            instance: Instance::Container(container),
            at,
            // The container first.
            cleanup: vec![remove_container, remove_image],
        })
    }

    /// From the unpacked image, started by the image's own loader, so that no library of this
    /// machine is used.
    pub fn unpacked(&self, image: &Written) -> Result<Launched> {
        let root = self.folder.join("root");
        self.command(&unpacked_command(image, &root)?, &root.join("var/task"))
    }

    pub fn command(&self, command: &[OsString], work: &Path) -> Result<Launched> {
        let log = self.folder.join("emulator.log");
        let (sh, program, options) = (Shell::new()?, self.program, self.options);
        sh.change_dir(work);
        let run = cmd!(sh, "{program} {options...} {command...}").env_clear();
        let run = run.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let at = Instant::now();
        let child = Child::logged(run, &log)?;
        Ok(Launched {
            instance: Instance::Process { log, child },
            at,
            cleanup: Vec::new(),
        })
    }
}

fn removal(verb: &'static [&'static str], name: &str) -> Result<Cleanup> {
    let name = name.to_owned();
    Cleanup::new(move || {
        // Not there if it could not be made.
        let _ = docker(&[verb, &["--force", &name]].concat());
    })
}

/// Unpacks an image into `root`; the command that starts what it is for, by the image's own loader.
pub fn unpacked_command(image: &Written, root: &Path) -> Result<Vec<OsString>> {
    image.layout.unpack(root)?;
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let bootstrap = below(BOOTSTRAP);
    let elf = Elf::read(&bootstrap)?;
    let architecture = elf.processor.architecture();
    let architecture = architecture
        .with_context(|| format!("`{}` is for {}", bootstrap.display(), elf.processor))?;
    let loader = elf
        .interpreter
        .with_context(|| format!("`{}` names no loader", bootstrap.display()))?;
    Ok(vec![
        below(&loader).into(),
        "--library-path".into(),
        library_path(root, architecture).into(),
        bootstrap.into(),
    ])
}

/// Where loaders look for libraries when nobody tells them, in the unpacked image: a library that
/// lies anywhere else is not found here either.
fn library_path(root: &Path, architecture: Architecture) -> String {
    let folders = glibc::folders(architecture).into_iter();
    let folders = folders.map(|folder| format!("{}{folder}", root.display()));
    let found: Vec<_> = folders
        .filter(|folder| Path::new(folder).is_dir())
        .collect();
    found.join(":")
}
