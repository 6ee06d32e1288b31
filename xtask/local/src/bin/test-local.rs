//! The program behind `cargo xtask test-local`.

fn main() -> std::process::ExitCode {
    package::program::TEST_LOCAL.main(local::test_local::run)
}
