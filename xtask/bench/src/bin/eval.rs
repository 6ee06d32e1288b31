//! The program behind `cargo xtask eval`.

use std::process::ExitCode;

fn main() -> ExitCode {
    package::program::EVAL.main(bench::eval::run)
}
