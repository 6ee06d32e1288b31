//! The program behind `cargo xtask audit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    package::program::AUDIT.main(audit::run)
}
