//! The program behind `cargo xtask test-local`.

use std::process::ExitCode;

fn main() -> ExitCode {
    package::program::TEST_LOCAL.main(local::test_local::run)
}
