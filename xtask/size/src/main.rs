//! The program behind `cargo xtask size`.

fn main() -> std::process::ExitCode {
    package::program::SIZE.main(size::run)
}
