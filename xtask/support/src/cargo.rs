//! Runs cargo from a program that cargo itself has started.

use std::env;
use std::process::Command;

/// Variables that cargo sets for the program that it runs. A build script that reads one, such as ring's, would be
/// rerun whenever a different program starts cargo.
const PROGRAM_VARIABLE_PREFIXES: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];

/// In the environment that `cargo xtask env` prints; our own programs are for this machine.
const TARGET_VARIABLE: &str = "CARGO_BUILD_TARGET";

/// The cargo that runs this program, otherwise the one on `PATH`.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env_remove(TARGET_VARIABLE);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if PROGRAM_VARIABLE_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}
