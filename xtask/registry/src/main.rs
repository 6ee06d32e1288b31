//! The program behind `cargo xtask pull` and `cargo xtask push`, with hidden commands for `cargo xtask image` and for
//! the cache of SDKs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use opencv_build::Architecture;
use package::program::exit_code;
use package::sdk_cache;
use registry::{ConnectionOptions, pull, pull_base, push, push_index, sdk};
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
    #[command(about = package::program::PULL.about)]
    Pull(pull::Arguments),

    #[command(about = package::program::PUSH.about)]
    Push(push::Arguments),

    /// Pull a base image into a folder below PARENT, and print its layout folder
    #[command(hide = true)]
    Base {
        reference: String,
        architecture: Architecture,
        parent: PathBuf,
        #[command(flatten)]
        connection: ConnectionOptions,
    },

    /// Push the image of each LAYOUT, for different architectures, with an index; print the digests of the index and of
    /// the images
    #[command(hide = true)]
    PushIndex {
        reference: String,
        #[arg(required = true)]
        layouts: Vec<PathBuf>,
        #[command(flatten)]
        connection: ConnectionOptions,
    },

    /// Pull an SDK into FOLDER, and print the outcome as JSON
    #[command(hide = true, name = sdk_cache::PULL_COMMAND)]
    PullSdk {
        reference: String,
        folder: PathBuf,
        #[command(flatten)]
        connection: ConnectionOptions,
    },

    /// Push the SDK in FOLDER, and print the outcome as JSON
    #[command(hide = true, name = sdk_cache::PUSH_COMMAND)]
    PushSdk {
        folder: PathBuf,
        reference: String,
        #[command(flatten)]
        connection: ConnectionOptions,
    },
}

fn main() -> ExitCode {
    print_to_stderr();
    let cli = Cli::parse();
    exit_code(install_handler().and_then(|()| run(&cli)))
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Pull(arguments) => return print(&pull::run(arguments)?, cli.json),
        Command::Push(arguments) => return print(&push::run(arguments)?, cli.json),
        Command::Base {
            reference,
            architecture,
            parent,
            connection,
        } => {
            let layout = pull_base(reference, *architecture, parent, connection)?;
            println!("{}", layout.display());
        }
        Command::PushIndex {
            reference,
            layouts,
            connection,
        } => {
            let (index, images) = push_index(reference, layouts, connection)?;
            println!("{index}");
            for image in images {
                println!("{image}");
            }
        }
        Command::PullSdk {
            reference,
            folder,
            connection,
        } => {
            let report = sdk::pull(reference, folder, connection);
            println!("{}", serde_json::to_string(&report)?);
        }
        Command::PushSdk {
            folder,
            reference,
            connection,
        } => {
            let report = sdk::push(folder, reference, connection);
            println!("{}", serde_json::to_string(&report)?);
        }
    }
    Ok(())
}
