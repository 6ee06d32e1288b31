//! The program behind `cargo xtask audit`.

fn main() -> std::process::ExitCode {
    package::program::AUDIT.main(audit::run)
}
