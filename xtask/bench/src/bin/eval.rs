//! The program behind `cargo xtask eval`.

fn main() -> std::process::ExitCode {
    package::program::EVAL.main(bench::eval::run)
}
