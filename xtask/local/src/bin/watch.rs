//! The program behind `cargo xtask watch`.

fn main() -> std::process::ExitCode {
    package::program::WATCH.main(|arguments, _| local::watch::run(arguments))
}
