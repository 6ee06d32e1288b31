//! Passes the SDK's path to rustc, and generates bindings for the SDK's C functions.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_SDK");
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_OPENCV").is_none() {
        return;
    }
    // The build script of the harness, on which this one depends, reports what is wrong with it.
    let Some(sdk) = env::var_os("OPENCV_SDK").map(PathBuf::from) else {
        return;
    };
    println!("cargo::rerun-if-changed={}", sdk.join("sdk.json").display());
    println!("cargo::rustc-env=OPENCV_SDK={}", sdk.display());
    if let Err(reason) = bind(&sdk) {
        println!("cargo::error={reason}");
    }
}

/// Generates bindings for the SDK's C functions, which the crate `opencv` does not bind.
fn bind(sdk: &Path) -> Result<(), String> {
    let header = sdk.join("include/opencv4/opencv2/objdetect/packed_models.h");
    let failed = |cause: String| format!("failed to bind `{}`: {cause}", header.display());
    // These arguments let libclang find the compiler's headers; the crate `opencv` uses the same variable.
    println!("cargo::rerun-if-env-changed=OPENCV_CLANG_ARGS");
    let arguments = env::var("OPENCV_CLANG_ARGS").unwrap_or_default();
    let bindings = bindgen::builder()
        .header(header.display().to_string())
        .clang_args(arguments.split_ascii_whitespace())
        .allowlist_function("opencv_.*")
        .layout_tests(false)
        .generate()
        .map_err(|error| failed(error.to_string()))?;
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let written = bindings.write_to_file(output.join("packed_models.rs"));
    written.map_err(|error| failed(error.to_string()))
}
