//! What runs the image's content: a container engine, or this machine itself.

use std::fmt;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::Serialize;

use support::run::{Shell, cmd, finish, output};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// In a container, read-only and without rights.
    Docker,
    /// From the unpacked image, with the image's own loader and libraries.
    None,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Engine {
    pub fn choose(asked: Option<Self>) -> Result<Self> {
        if asked == Some(Self::None) {
            return Ok(Self::None);
        }
        match (asked, version()) {
            (_, Ok(_)) => Ok(Self::Docker),
            (None, Err(_)) => Ok(Self::None),
            (Some(_), Err(reason)) => {
                bail!("no Docker engine answers: {reason}; start one, or use `--engine none`")
            }
        }
    }
}

pub fn version() -> Result<String, String> {
    let ask = || {
        let (sh, format) = (Shell::new()?, "{{.Server.Version}}");
        finish(cmd!(sh, "docker version --format {format}"))
    };
    match ask() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("it said nothing");
            Err(last.trim().to_owned())
        }
        Err(error) => Err(format!("{error:#}")),
    }
}

pub fn docker(arguments: &[&str]) -> Result<String> {
    let sh = Shell::new()?;
    output(cmd!(sh, "docker {arguments...}"))
}
