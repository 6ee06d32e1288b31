//! The programs behind verbs of `cargo xtask`: what each is, its `main`, and how another one starts it
//! through cargo, so that a verb compiles only what it needs.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use opencv_build::CmakeLauncher;
use support::process::terminate_with_parent;
use support::run::display_command;

use crate::workspace::Workspace;

pub struct Program {
    pub verb: &'static str,
    pub about: &'static str,
    pub binary: &'static str,
    /// Its subcommand for the verb, of a program that has several.
    pub subcommand: Option<&'static str>,
}

pub const PULL: Program = Program {
    binary: "registry",
    subcommand: Some("pull"),
    ..Program::new(
        "pull",
        "Pull an image from a registry into a folder, without a container engine",
    )
};
pub const AUDIT: Program = Program::new("audit", "Check what is shipped for known vulnerabilities");
pub const TEST_LOCAL: Program = Program::new(
    "test-local",
    "Try the function's image under AWS's emulator with real photos",
);
pub const EVAL: Program = Program::new(
    "eval",
    "Measure how well each preset finds faces in labelled photos",
);
pub const SIZE: Program = Program::new("size", "Show how large everything is, and of what");
pub const BENCH: Program = Program::new(
    "bench",
    "Measure what is claimed, against peers in the same run",
);
pub const TEST: Program = Program {
    binary: "e2e",
    ..Program::new(
        "test",
        "Run all tests: the real build, the images and the emulator included",
    )
};

pub const PROGRAMS: [&Program; 7] = [&PULL, &AUDIT, &TEST_LOCAL, &EVAL, &SIZE, &BENCH, &TEST];

/// A program that has said on stderr why it failed.
#[derive(Debug, thiserror::Error)]
#[error("a program failed; its error is above")]
pub struct ProgramFailed;

#[derive(Parser)]
struct Cli<A: Args> {
    /// Print the answer as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    arguments: A,
}

impl Program {
    const fn new(verb: &'static str, about: &'static str) -> Self {
        Self {
            verb,
            about,
            binary: verb,
            subcommand: None,
        }
    }

    /// The program's `main`: reads the command line, and runs `verb` with the arguments and with whether the
    /// answer is to be JSON.
    pub fn main<A: Args>(&self, verb: impl FnOnce(&A, bool) -> Result<()>) -> ExitCode {
        CmakeLauncher::init();
        let name = format!("cargo xtask {}", self.verb);
        let command = Cli::<A>::command().name(self.verb);
        let command = command.bin_name(name).about(self.about);
        let read = command.try_get_matches();
        let cli = match read.and_then(|matches| Cli::<A>::from_arg_matches(&matches)) {
            Ok(cli) => cli,
            Err(error) => error.exit(),
        };
        exit_code(verb(&cli.arguments, cli.json))
    }

    pub fn exec(&self, arguments: &[OsString]) -> Result<()> {
        let mut cargo = self.command();
        cargo.args(self.subcommand).args(arguments);
        let error = cargo.exec();
        Err(error).with_context(|| format!("failed to start `{}`", display_command(&cargo)))
    }

    /// What the program prints to stdout for a subcommand with its options, and for arguments of which none is an
    /// option, however it begins. What the program says on stderr is seen. It ends when this program does.
    ///
    /// # Errors
    /// cargo cannot be started, or the program fails, which then has said why ([`ProgramFailed`]).
    pub fn output(&self, subcommand: &[OsString], arguments: &[OsString]) -> Result<String> {
        let mut cargo = self.command();
        cargo.args(subcommand).arg("--").args(arguments);
        cargo.stdin(Stdio::null()).stderr(Stdio::inherit());
        terminate_with_parent(&mut cargo);
        let output = cargo
            .output()
            .with_context(|| format!("failed to start `{}`", display_command(&cargo)))?;
        if !output.status.success() {
            return Err(ProgramFailed.into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn command(&self) -> Command {
        let mut cargo = support::cargo::cargo();
        cargo
            // Without a package, so that all programs have crates with the same features, which are then compiled once.
            .args(["run", "--bin", self.binary])
            .arg("--manifest-path")
            .arg(Workspace::find().root().join("Cargo.toml"))
            .arg("--");
        cargo
    }
}

/// A program of this workspace that was built together with this one.
pub fn sibling_binary(binary: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("failed to find this program")?;
    Ok(this.with_file_name(binary))
}

/// The end of a verb: its error on stderr, unless a program that it started has said it.
pub fn exit_code(done: Result<()>) -> ExitCode {
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    if !error.is::<ProgramFailed>() {
        eprintln!("error: {error:#}");
    }
    ExitCode::FAILURE
}
