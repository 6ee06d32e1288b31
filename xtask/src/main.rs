//! `cargo xtask VERB`: the command line of the project. An everyday verb is a module with its arguments, `run`,
//! and an answer that is printed as text or, with `--json`, as one JSON object; what measures and tries
//! things is a program of its own ([`package::program`]), which is compiled when it is asked for. stdout is
//! the answer; stderr says what is being done.

mod image;
mod lint;
mod registry;
mod zip;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use opencv_build::driver::Driver;
use package::program::{self, Program, exit_code};
use package::{build_function, build_opencv};
use support::answer::print;

/// OpenCV on AWS Lambda: build it, put a function around it, and try it before you deploy.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
#[command(disable_help_subcommand = true)]
struct Cli {
    /// Print the answer as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the static OpenCV SDK that opencv.toml describes
    BuildOpencv(build_opencv::Arguments),

    /// Build the function against the SDK and check that it runs on Lambda
    BuildFunction(build_opencv::Arguments),

    /// Write the SDK and the function as container images, without a container engine
    Image(image::Arguments),

    /// Write the function as a zip archive for the runtime provided.al2023
    Zip(build_opencv::Arguments),

    /// Check whether Lambda would take an image or a zip archive
    Lint(lint::Arguments),

    #[command(about = program::AUDIT.about, disable_help_flag = true)]
    Audit(Passed),

    #[command(about = program::PULL.about, disable_help_flag = true)]
    Pull(Passed),

    #[command(about = program::TEST_LOCAL.about, disable_help_flag = true)]
    TestLocal(Passed),

    #[command(about = program::EVAL.about, disable_help_flag = true)]
    Eval(Passed),

    #[command(about = program::SIZE.about, disable_help_flag = true)]
    Size(Passed),

    #[command(about = program::BENCH.about, disable_help_flag = true)]
    Bench(Passed),

    #[command(about = program::TEST.about, disable_help_flag = true)]
    Test(Passed),
}

/// What is passed on to another program.
#[derive(clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    Driver::init();
    exit_code(run(Cli::parse_from(arguments(env::args_os().collect()))))
}

/// The command line, in which `help VERB` is `VERB --help`: what a program takes, it alone knows.
fn arguments(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|verb| verb == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

fn run(cli: Cli) -> Result<()> {
    let json = cli.json;
    match cli.verb {
        Verb::BuildOpencv(arguments) => print(&build_opencv::run(&arguments)?, json),
        Verb::BuildFunction(arguments) => print(&build_function::run(&arguments)?, json),
        Verb::Image(arguments) => print(&image::run(&arguments)?, json),
        Verb::Zip(arguments) => print(&zip::run(&arguments)?, json),
        Verb::Lint(arguments) => lint::run(&arguments, json),
        Verb::Pull(mut passed) => {
            // The program has other verbs, too.
            passed.arguments.insert(0, program::PULL.verb.into());
            passed.to(&program::PULL, json)
        }
        Verb::Audit(passed) => passed.to(&program::AUDIT, json),
        Verb::TestLocal(passed) => passed.to(&program::TEST_LOCAL, json),
        Verb::Eval(passed) => passed.to(&program::EVAL, json),
        Verb::Size(passed) => passed.to(&program::SIZE, json),
        Verb::Bench(passed) => passed.to(&program::BENCH, json),
        Verb::Test(passed) => passed.to(&program::TEST, json),
    }
}

impl Passed {
    fn to(mut self, program: &Program, json: bool) -> Result<()> {
        if json {
            self.arguments.push("--json".into());
        }
        program.become_it(&self.arguments)
    }
}
