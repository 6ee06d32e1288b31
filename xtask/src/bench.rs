//! `cargo xtask bench WHAT`: measurements that anyone can repeat, each against its peer in the same run.
//! They are no tests: what they print depends on the machine.

pub mod image;
pub mod median;
mod memory;

use anyhow::Result;

use crate::answer::print;

/// What to measure.
#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Writing the function's image, against `docker build` of the same content; and the memory for a layer
    /// of 1 GB
    Image(image::Arguments),

    /// Write a layer of the size of a file, and print the most memory that it took
    #[command(hide = true)]
    Layer(memory::Arguments),
}

/// Measures and prints.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    match &arguments.what {
        What::Image(arguments) => print(&image::run(arguments)?, json),
        What::Layer(arguments) => print(&memory::write_layer(arguments)?, true),
    }
}
