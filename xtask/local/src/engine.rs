//! The engine that runs the image's content: docker, or none, which runs it directly on this machine.

use std::fmt;

use anyhow::{Result, bail};
use clap::ValueEnum;
use fs_err as fs;
use opencv_build::Architecture;
use serde::Serialize;

use support::run::{Shell, cmd, output, wait_with_output};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// In a container with a read-only root file system and an unprivileged user.
    Docker,
    /// Directly from the unpacked image, with the image's own loader and libraries.
    None,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Engine {
    /// The requested engine, or else Docker if it runs and its kernel runs programs for `architecture`.
    pub fn choose(requested: Option<Self>, architecture: Architecture) -> Result<Self> {
        let is_foreign = Architecture::host() != Some(architecture);
        if requested == Some(Self::None) || requested.is_none() && is_foreign && !kernel_emulates(architecture) {
            return Ok(Self::None);
        }
        match (requested, docker_version()) {
            (_, Ok(_)) => Ok(Self::Docker),
            (None, Err(_)) => Ok(Self::None),
            (Some(_), Err(reason)) => {
                bail!("no Docker engine is available: {reason}; start one, or use `--engine none`")
            }
        }
    }
}

/// Whether the kernel starts programs for `architecture` by an emulator, also in containers: the flag F has opened the
/// emulator's file already. Source: <https://docs.kernel.org/admin-guide/binfmt-misc.html>.
fn kernel_emulates(architecture: Architecture) -> bool {
    let entry = format!("/proc/sys/fs/binfmt_misc/qemu-{architecture}");
    let text = fs::read_to_string(entry).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    text.starts_with("enabled") && flags.is_some_and(|flags| flags.contains('F'))
}

pub fn docker_version() -> Result<String, String> {
    let query = || {
        let (sh, format) = (Shell::new()?, "{{.Server.Version}}");
        wait_with_output(cmd!(sh, "docker version --format {format}"))
    };
    match query() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().last().unwrap_or("no error message");
            Err(last.trim().to_owned())
        }
        Err(error) => Err(format!("{error:#}")),
    }
}

pub fn docker(arguments: &[&str]) -> Result<String> {
    let sh = Shell::new()?;
    output(cmd!(sh, "docker {arguments...}"))
}
