//! The program behind the commands of `cargo xtask` that need an AWS account.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use deploy::{batch, deploy as deploying, invoke, logs, undeploy};
use opencv_build::CmakeLauncher;
use package::program::{self, exit_code};
use support::interruption::install_handler;
use support::output::print;
use support::progress::print_to_stderr;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    /// Print the output as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(about = program::DEPLOY.about)]
    Deploy(Box<deploying::Arguments>),

    #[command(about = program::UNDEPLOY.about)]
    Undeploy(undeploy::Arguments),

    #[command(about = program::INVOKE.about)]
    Invoke(invoke::Arguments),

    #[command(about = program::LOGS.about)]
    Logs(logs::Arguments),

    #[command(about = program::BATCH.about)]
    Batch(batch::Arguments),
}

fn main() -> ExitCode {
    CmakeLauncher::init();
    print_to_stderr();
    let cli = Cli::parse();
    exit_code(install_handler().and_then(|()| run(&cli)))
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Deploy(arguments) => deploying::run(arguments, cli.json),
        Command::Undeploy(arguments) => print(&undeploy::run(arguments)?, cli.json),
        Command::Invoke(arguments) => print(&invoke::run(arguments)?, cli.json),
        Command::Logs(arguments) => logs::run(arguments, cli.json),
        Command::Batch(arguments) => batch::run(arguments, cli.json),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
