//! The program behind `cargo xtask size`.

use std::process::ExitCode;

fn main() -> ExitCode {
    package::program::SIZE.main(size::run)
}
