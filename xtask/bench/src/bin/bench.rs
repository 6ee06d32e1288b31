//! The program behind `cargo xtask bench`.

use std::process::ExitCode;

fn main() -> ExitCode {
    package::program::BENCH.main(bench::run)
}
