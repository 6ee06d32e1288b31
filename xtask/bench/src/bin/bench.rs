//! The program behind `cargo xtask bench`.

fn main() -> std::process::ExitCode {
    package::program::BENCH.main(bench::run)
}
