//! Remembers which rustc compiles this program, and so the function: its standard library is in there.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--version", "--verbose"])
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    match release {
        Some(release) => println!("cargo::rustc-env=RUSTC_RELEASE={release}"),
        None => println!("cargo::error=rustc tells no release"),
    }
}
