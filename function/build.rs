//! Tells the compiler where the SDK is, whose cascades become part of the binary.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_SDK");
    if env::var_os("CARGO_FEATURE_OPENCV").is_none() {
        return;
    }
    let Ok(sdk) = env::var("OPENCV_SDK") else {
        println!(
            "cargo::error=OPENCV_SDK is not set. The function is built by `cargo xtask \
             build-function`, which brings OpenCV first."
        );
        return;
    };
    let manifest = Path::new(&sdk).join("sdk.json");
    println!("cargo::rerun-if-changed={}", manifest.display());
    if !manifest.is_file() {
        println!(
            "cargo::error=`{}` is missing, so OPENCV_SDK names no SDK.",
            manifest.display()
        );
    }
    println!("cargo::rustc-env=OPENCV_SDK={sdk}");
}
