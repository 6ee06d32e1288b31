//! The program behind `cargo xtask eval`.

use std::process::ExitCode;

use support::answer::print;

fn main() -> ExitCode {
    package::program::EVAL.main(|arguments, json| print(&bench::eval::run(arguments)?, json))
}
