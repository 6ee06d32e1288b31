//! Starts the emulator with an image's content: in a container, or from the unpacked image.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use layer::elf::Elf;
use layer::{Architecture, glibc};
use opencv_build::Runner;

use super::engine::docker;
use super::instance::Instance;
use super::rie::Rie;
use package::artefacts::{BOOTSTRAP_PATH, WrittenImage};
use support::child::Child;
use support::interruption::Cleanup;
use support::run::{Shell, cmd, output};

/// The log of the emulator and the function, unless they run in a container.
pub const EMULATOR_LOG: &str = "emulator.log";

pub struct EmulatorLauncher<'a> {
    pub rie: &'a Rie,
    /// The folder for the log and the unpacked image.
    pub folder: &'a Path,
    pub options: &'a [String],
    pub environment: &'a [(&'a str, String)],
}

pub struct LaunchedEmulator {
    pub instance: Instance,
    pub started: Instant,
    /// Removes a container; a process is killed when its `Instance` is dropped.
    pub cleanup: Vec<Cleanup>,
}

impl EmulatorLauncher<'_> {
    /// Launches in a container restricted like Lambda's: only /tmp is writable, and the user is unprivileged. Cleanups
    /// are registered before the image and container are created, so that an interruption in between leaves neither.
    pub fn launch_in_container(&self, image: &WrittenImage) -> Result<LaunchedEmulator> {
        let name = &image.reference;
        let remove_image = removal(&["image", "rm"], name)?;
        let archive = image.archive.display().to_string();
        docker(&["load", "--quiet", "--input", &archive])?;

        let container = name.replace(':', "-");
        let remove_container = removal(&["rm"], &container)?;
        let (sh, program, options) = (Shell::new()?, &self.rie.program, self.options);
        let platform = format!("linux/{}", self.rie.architecture.goarch());
        let mut run = cmd!(
            sh,
            "docker run --detach --name {container} --platform {platform} --read-only --tmpfs /tmp --user 1000
             --network host --entrypoint /aws-lambda-rie --volume {program}:/aws-lambda-rie:ro"
        );
        for (name, value) in self.environment {
            run = run.arg("--env").arg(format!("{name}={value}"));
        }
        if Architecture::host() != Some(self.rie.architecture) {
            // For the emulator with which the kernel runs the container.
            run = run.arg("--env");
            run = run.arg(format!("QEMU_CPU={}", Runner::processor(self.rie.architecture)));
        }
        let at = Instant::now();
        output(run.arg(name).args(options).arg(BOOTSTRAP_PATH))?;
        Ok(LaunchedEmulator {
            instance: Instance::Container(container),
            started: at,
            // The container first.
            cleanup: vec![remove_container, remove_image],
        })
    }

    /// Launches from the unpacked image with the image's own loader, so that no library of this machine is used.
    pub fn launch_unpacked(&self, image: &WrittenImage) -> Result<LaunchedEmulator> {
        let root = self.folder.join("root");
        let function = unpack_for_launch(image, &root, self.rie.architecture)?;
        let command = [self.rie.runner()?.prefix(), &function].concat();
        self.launch_command(&command, &root.join("var/task"))
    }

    pub fn launch_command(&self, command: &[OsString], work: &Path) -> Result<LaunchedEmulator> {
        let log = self.folder.join(EMULATOR_LOG);
        let (sh, options) = (Shell::new()?, self.options);
        sh.change_dir(work);
        let emulator = self.rie.runner()?.command_line(&self.rie.program);
        let (program, emulator) = emulator.split_first().context("a command line is never empty")?;
        let run = cmd!(sh, "{program} {emulator...} {options...} {command...}").env_clear();
        let run = run.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let at = Instant::now();
        let child = Child::start_logged(run, &log)?;
        Ok(LaunchedEmulator {
            instance: Instance::Process { log, child },
            started: at,
            cleanup: Vec::new(),
        })
    }
}

fn removal(subcommand: &'static [&'static str], name: &str) -> Result<Cleanup> {
    let name = name.to_owned();
    Cleanup::new(move || {
        // It does not exist if creating it failed.
        let _ = docker(&[subcommand, &["--force", &name]].concat());
    })
}

/// Unpacks an image into `root`; returns the command that starts its bootstrap with the image's own loader.
///
/// # Errors
/// The image cannot be unpacked, or its bootstrap is not for `architecture`.
pub fn unpack_for_launch(image: &WrittenImage, root: &Path, architecture: Architecture) -> Result<Vec<OsString>> {
    image.layout.unpack(root)?;
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let bootstrap = below(BOOTSTRAP_PATH);
    let elf = Elf::read(&bootstrap)?;
    ensure!(
        elf.architecture == architecture,
        "`{}` is for {}, and it should run on {architecture}",
        bootstrap.display(),
        elf.architecture
    );
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

/// The loader's default library folders in the unpacked image: a library in any other folder is not found on Lambda
/// either.
fn library_path(root: &Path, architecture: Architecture) -> String {
    let folders = glibc::library_folders(architecture).into_iter();
    let folders = folders.map(|folder| format!("{}{folder}", root.display()));
    let found: Vec<_> = folders.filter(|folder| Path::new(folder).is_dir()).collect();
    found.join(":")
}
