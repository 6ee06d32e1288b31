//! Starts the emulator with an image's content: in a container, or from the unpacked image.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use layer::elf::Elf;
use opencv_build::run::show;

use super::cleanup::Cleanup;
use super::engine::docker;
use super::process::{end, output};
use crate::image::{BOOTSTRAP, Written};

/// Where the emulator's own words and the function's are found.
pub enum Log {
    /// In a file.
    File(PathBuf),
    /// With the engine, by the container's name.
    Container(String),
}

impl Log {
    /// The end of what the emulator and the function said.
    pub fn tail(&self) -> String {
        let text = match self {
            Self::File(path) => fs::read_to_string(path).unwrap_or_default(),
            Self::Container(name) => {
                let output = Command::new("docker").args(["logs", name]).output();
                output.map_or_else(
                    |error| error.to_string(),
                    |output| {
                        let both = [output.stdout, output.stderr].concat();
                        String::from_utf8_lossy(&both).into_owned()
                    },
                )
            }
        };
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        format!("  | {}", tail.join("\n  | "))
    }
}

/// What is started, and how.
pub struct Launch<'a> {
    /// The image.
    pub image: &'a Written,
    /// The emulator.
    pub program: &'a Path,
    /// For the log and the unpacked image.
    pub folder: &'a Path,
    /// The emulator's options.
    pub options: &'a [String],
    /// The function's environment.
    pub environment: &'a [(&'a str, String)],
}

impl Launch<'_> {
    /// In a container as Lambda would have it: nothing can be written but /tmp, and the user has
    /// no rights.
    pub fn in_container(&self) -> Result<(Log, Instant, Vec<Cleanup>)> {
        let mut cleanup = Vec::new();
        let name = self.image.layout.image().name();
        let image = format!("{name}:latest");
        let present = docker(&["image", "inspect", &image]).is_ok();
        let archive = self.image.archive.display().to_string();
        docker(&["load", "--quiet", "--input", &archive])?;
        if !present {
            let image = image.clone();
            cleanup.push(Cleanup::new(move || {
                let _ = docker(&["image", "rm", "--force", &image]);
            })?);
        }
        let container = format!("{name}-test-local-{}", std::process::id());
        cleanup.push(Cleanup::new({
            let container = container.clone();
            move || {
                let _ = docker(&["rm", "--force", &container]);
            }
        })?);
        let mut run = Command::new("docker");
        run.args(["run", "--detach", "--name", &container])
            .args(["--read-only", "--tmpfs", "/tmp", "--user", "1000"])
            .args(["--network", "host", "--entrypoint", "/aws-lambda-rie"])
            .arg("--volume")
            .arg(format!("{}:/aws-lambda-rie:ro", self.program.display()));
        for (name, value) in self.environment {
            run.args(["--env", &format!("{name}={value}")]);
        }
        run.arg(&image).args(self.options).arg(BOOTSTRAP);
        let started = Instant::now();
        output(&mut run)?;
        cleanup.reverse();
        Ok((Log::Container(container), started, cleanup))
    }

    /// From the unpacked image, started by the image's own loader, so that no library of this
    /// machine is used.
    pub fn unpacked(&self) -> Result<(Log, Instant, Vec<Cleanup>)> {
        let root = self.folder.join("root");
        self.image.layout.unpack(&root)?;
        let below = |path: &str| root.join(path.trim_start_matches('/'));
        let bootstrap = below(BOOTSTRAP);
        let loader = Elf::read(&bootstrap)?
            .interpreter
            .with_context(|| format!("`{}` names no loader", bootstrap.display()))?;
        let log = self.folder.join("emulator.log");
        let file =
            File::create(&log).with_context(|| format!("failed to write `{}`", log.display()))?;
        let mut run = Command::new(self.program);
        run.args(self.options)
            .arg(below(&loader))
            .arg("--library-path")
            .arg(library_path(&root)?)
            .arg(&bootstrap)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(below("/var/task"))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let started = Instant::now();
        let child = run
            .spawn()
            .with_context(|| format!("failed to start `{}`", show(&run)))?;
        let child = Arc::new(Mutex::new(child));
        let cleanup = Cleanup::new(move || {
            end(&mut child.lock().unwrap_or_else(PoisonError::into_inner));
        })?;
        Ok((Log::File(log), started, vec![cleanup]))
    }
}

/// Every folder of an unpacked image that holds shared libraries.
fn library_path(root: &Path) -> Result<String> {
    let mut folders = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("failed to read `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.to_string_lossy();
            if path.is_dir() {
                waiting.push(path);
            } else if name.contains(".so") && !folders.contains(&folder) {
                folders.push(folder.clone());
            }
        }
    }
    folders.sort();
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Ok(folders.join(":"))
}
