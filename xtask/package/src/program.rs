//! Commands of `cargo xtask` that are separate programs, and their common `main`. A program is started through cargo,
//! so that a command compiles only what it needs.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use opencv_build::CmakeLauncher;
use support::interruption::install_handler;
use support::process::terminate_with_parent;
use support::progress::print_to_stderr;
use support::run::display_command;

use crate::workspace::Workspace;

pub struct Program {
    pub command: &'static str,
    pub about: &'static str,
    pub binary: &'static str,
    /// The subcommand of `binary`, if it has several.
    pub binary_subcommand: Option<&'static str>,
}

pub const PULL: Program = Program {
    binary: "registry",
    binary_subcommand: Some("pull"),
    ..Program::new(
        "pull",
        "Pull an image from a registry into a folder, without a container engine",
    )
};
pub const PUSH: Program = Program {
    binary: "registry",
    binary_subcommand: Some("push"),
    ..Program::new(
        "push",
        "Push an image to a registry, packed and checked for Lambda, without a container engine",
    )
};
pub const AUDIT: Program = Program::new("audit", "Check artefacts for known vulnerabilities");
pub const TEST_LOCAL: Program = Program::new(
    "test-local",
    "Test the function's image in AWS's Lambda emulator with real photos",
);
pub const WATCH: Program = Program::new(
    "watch",
    "Run the function locally, and build and restart it whenever a file changes",
);
pub const EVAL: Program = Program::new("eval", "Measure how well each preset finds faces in labelled photos");
pub const SIZE: Program = Program::new("size", "Show the sizes of all artefacts and their parts");
pub const BENCH: Program = Program::new(
    "bench",
    "Measure speed, memory and cost against references in the same run",
);
pub const DEPLOY: Program = Program {
    binary: "deploy",
    binary_subcommand: Some("deploy"),
    ..Program::new("deploy", "Deploy the function to AWS, with the AWS CLI")
};
pub const UNDEPLOY: Program = Program {
    binary: "deploy",
    binary_subcommand: Some("undeploy"),
    ..Program::new("undeploy", "Remove what deploy made from AWS")
};
pub const INVOKE: Program = Program {
    binary: "deploy",
    binary_subcommand: Some("invoke"),
    ..Program::new(
        "invoke",
        "Invoke the deployed function, and show its answer, times and cost",
    )
};
pub const LOGS: Program = Program {
    binary: "deploy",
    binary_subcommand: Some("logs"),
    ..Program::new(
        "logs",
        "Show the log of the deployed function, and what its invocations cost",
    )
};
pub const BATCH: Program = Program {
    binary: "deploy",
    binary_subcommand: Some("batch"),
    ..Program::new(
        "batch",
        "Invoke the deployed function for all objects of a bucket or below a prefix",
    )
};
pub const BOOK: Program = Program::new("book", "Build the book in docs/ as web pages");
pub const TEST: Program = Program {
    binary: "e2e",
    ..Program::new(
        "test",
        "Run all tests, including the real build, the images and the emulator",
    )
};

pub const PROGRAMS: [&Program; 15] = [
    &PULL,
    &PUSH,
    &AUDIT,
    &TEST_LOCAL,
    &WATCH,
    &EVAL,
    &SIZE,
    &BENCH,
    &DEPLOY,
    &UNDEPLOY,
    &INVOKE,
    &LOGS,
    &BATCH,
    &BOOK,
    &TEST,
];

/// A program has failed and has printed its error to stderr.
#[derive(Debug, thiserror::Error)]
#[error("a program failed; its error is above")]
pub struct ProgramFailed;

#[derive(Parser)]
struct Cli<A: Args> {
    /// Print the output as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    arguments: A,
}

impl Program {
    const fn new(command: &'static str, about: &'static str) -> Self {
        Self {
            command,
            about,
            binary: command,
            binary_subcommand: None,
        }
    }

    /// The program's `main`: parses the command line, and calls `run` with the arguments and the flag `--json`.
    pub fn main<A: Args>(&self, run: impl FnOnce(&A, bool) -> Result<()>) -> ExitCode {
        CmakeLauncher::init();
        print_to_stderr();
        let name = format!("cargo xtask {}", self.command);
        let command = Cli::<A>::command().name(self.command);
        let command = command.bin_name(name).about(self.about);
        let read = command.try_get_matches();
        let cli = match read.and_then(|matches| Cli::<A>::from_arg_matches(&matches)) {
            Ok(cli) => cli,
            Err(error) => error.exit(),
        };
        exit_code(install_handler().and_then(|()| run(&cli.arguments, cli.json)))
    }

    pub fn exec(&self, arguments: &[OsString]) -> Result<()> {
        let mut cargo = self.cargo_run();
        cargo.args(self.binary_subcommand).args(arguments);
        let error = cargo.exec();
        Err(error).with_context(|| format!("failed to start `{}`", display_command(&cargo)))
    }

    /// The program's stdout for `subcommand` with its options, and `arguments`, which are never parsed as options. The
    /// program inherits stderr, and is terminated when this program ends.
    ///
    /// # Errors
    /// cargo cannot be started, or the program fails ([`ProgramFailed`]).
    pub fn output(&self, subcommand: &[OsString], arguments: &[OsString]) -> Result<String> {
        self.output_with(subcommand, arguments, &[])
    }

    /// As [`Self::output`], with these environment variables.
    pub fn output_with(
        &self,
        subcommand: &[OsString],
        arguments: &[OsString],
        variables: &[(OsString, OsString)],
    ) -> Result<String> {
        let mut cargo = self.cargo_run();
        cargo.args(subcommand).arg("--").args(arguments);
        cargo.envs(variables.iter().map(|(name, value)| (name, value)));
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

    fn cargo_run(&self) -> Command {
        let mut cargo = support::cargo::cargo();
        cargo
            // Without `--package`, so that cargo unifies features over the workspace and compiles each crate once.
            .args(["run", "--bin", self.binary])
            .arg("--manifest-path")
            .arg(Workspace::find().root().join("Cargo.toml"))
            .arg("--");
        cargo
    }
}

/// The path of a program of this workspace that was built together with this one.
pub fn sibling_binary(binary: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("failed to find this program's path")?;
    Ok(this.with_file_name(binary))
}

/// Prints the error to stderr, unless it is [`ProgramFailed`].
pub fn exit_code(done: Result<()>) -> ExitCode {
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    if !error.is::<ProgramFailed>() {
        eprintln!("error: {error:#}");
    }
    ExitCode::FAILURE
}
