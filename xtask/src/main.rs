//! `cargo xtask COMMAND`: the command line of the project. Each build command is a module with its arguments, its
//! output (text or, with `--json`, one JSON object) and `run`, with the same signature in all of them. Commands that
//! measure and test are separate programs ([`package::program`]), compiled on first use. Output goes to stdout, status
//! to stderr.

mod env;
mod export;
mod fetch;
mod image;
mod lint;
mod new;
mod registry;
mod zip;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use opencv_build::CmakeLauncher;
use package::program::{PROGRAMS, Program, exit_code};
use package::{build, build_function, build_opencv};
use support::interruption::install_handler;
use support::progress::print_to_stderr;

/// OpenCV on AWS Lambda: build it, package a function that uses it, and test it locally.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    /// Print the output as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the crate of a function from a template
    New(new::Arguments),

    /// Build the static OpenCV SDK that opencv.toml describes, or pull it from a registry
    BuildOpencv(build_opencv::Arguments),

    /// Copy the SDK and its tools into a folder, for projects without this one
    Export(export::Arguments),

    /// Build the function against the SDK and check that it runs on Lambda
    BuildFunction(build::Arguments),

    /// Print the environment in which plain cargo, rust-analyzer or CI builds the function
    Env(env::Arguments),

    /// Write the SDK and the function as container images, without a container engine
    Image(image::Arguments),

    /// Write the function as a zip archive for the runtime provided.al2023
    Zip(build::Arguments),

    /// Check whether Lambda would accept an image or a zip archive
    Lint(lint::Arguments),

    /// Download the sources and tools for a build of OpenCV
    #[command(name = fetch::COMMAND, hide = true)]
    Fetch,
}

fn main() -> ExitCode {
    CmakeLauncher::init();
    print_to_stderr();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    exit_code(match delegated_program(&arguments) {
        Some((program, arguments)) => {
            fetch::start_in_background(program, &arguments).and_then(|()| program.exec(&arguments))
        }
        None => {
            let cli = parse_arguments();
            install_handler().and_then(|()| run(&cli))
        }
    })
}

/// The program for the given command, and the arguments to pass to it, which only that program parses.
fn delegated_program(arguments: &[OsString]) -> Option<(&'static Program, Vec<OsString>)> {
    let flags = arguments.iter().take_while(|flag| *flag == "--json");
    let (json, rest) = arguments.split_at(flags.count());
    let (help, rest) = match rest {
        [help, command] if help == "help" => (true, std::slice::from_ref(command)),
        _ => (false, rest),
    };
    let (command, own) = rest.split_first()?;
    let program = PROGRAMS.into_iter().find(|program| command == program.command)?;
    let mut options = own.iter().take_while(|argument| *argument != "--");
    let mut given = Vec::new();
    if help {
        given.push("--help".into());
    }
    if !json.is_empty() && !options.any(|option| option == "--json") {
        given.push("--json".into());
    }
    given.extend_from_slice(own);
    Some((program, given))
}

/// Parses the command line of a build command. The help also lists the separate programs.
fn parse_arguments() -> Cli {
    let others = PROGRAMS.map(|program| clap::Command::new(program.command).about(program.about));
    let matches = Cli::command().subcommands(others).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::New(arguments) => new::run(arguments, cli.json),
        Command::BuildOpencv(arguments) => build_opencv::run(arguments, cli.json),
        Command::Export(arguments) => export::run(arguments, cli.json),
        Command::BuildFunction(arguments) => build_function::run(arguments, cli.json),
        Command::Env(arguments) => env::run(arguments, cli.json),
        Command::Image(arguments) => image::run(arguments, cli.json),
        Command::Zip(arguments) => zip::run(arguments, cli.json),
        Command::Lint(arguments) => lint::run(arguments, cli.json),
        Command::Fetch => fetch::run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(line: &str) -> Option<(&'static str, String)> {
        let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
        let (program, given) = delegated_program(&arguments)?;
        let given: Vec<_> = given.iter().map(|a| a.to_string_lossy()).collect();
        Some((program.command, given.join(" ")))
    }

    #[test]
    fn a_program_is_given_what_follows_its_command() {
        for (line, command, given) in [
            ("size", "size", ""),
            ("size --all --json", "size", "--all --json"),
            ("--json size --all", "size", "--json --all"),
            ("--json audit --offline --json", "audit", "--offline --json"),
            ("--json --json audit", "audit", "--json"),
            ("--json test-local -- --json", "test-local", "--json -- --json"),
            ("pull -- --help", "pull", "-- --help"),
            ("help bench", "bench", "--help"),
            ("--json help bench", "bench", "--help --json"),
        ] {
            assert_eq!(passed(line), Some((command, given.into())), "{line}");
        }
        for line in [
            "",
            "--json",
            "help",
            "help help",
            "help size x",
            "image size",
            "--all size",
            "-- size",
        ] {
            assert_eq!(passed(line), None, "{line}");
        }
    }
}
