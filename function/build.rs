//! Tells the compiler where the SDK is, brings its packed cascades, and compiles and binds what is not Rust.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Those that the function knows.
const CASCADES: [&str; 5] = [
    "eye",
    "eye_tree_eyeglasses",
    "frontalface_alt2",
    "frontalface_default",
    "profileface",
];

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_SDK");
    println!("cargo::rerun-if-changed=build.rs");
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
    let sdk = Path::new(&sdk);
    let manifest = sdk.join("sdk.json");
    println!("cargo::rerun-if-changed={}", manifest.display());
    if !manifest.is_file() {
        println!(
            "cargo::error=`{}` is missing, so OPENCV_SDK names no SDK.",
            manifest.display()
        );
        return;
    }
    println!("cargo::rustc-env=OPENCV_SDK={}", sdk.display());
    compile(sdk);
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let cascades = CASCADES.iter().map(|name| copy_cascade(sdk, name, &output));
    for result in cascades.chain([bind(sdk, &output)]) {
        if let Err(reason) = result {
            println!("cargo::error={reason}");
        }
    }
}

/// Compiles what is not Rust.
fn compile(sdk: &Path) {
    let (grey, jpeg) = ("src/photo/grey.cpp", "src/photo/decode/jpeg.c");
    let kinds = "src/photo/decode/jpeg/kinds.c";
    let unused = "src/vision/unused.c";
    for source in [grey, jpeg, kinds, unused] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut cxx = cc::Build::new();
    cxx.cpp(true).std("c++11");
    cxx.include(sdk.join("include/opencv4"));
    cxx.file(grey).compile("face_detect_grey");
    cc::Build::new().file(unused).compile("unused");
    // The crate `opencv` links libjpeg-turbo itself. What is for tests is not linked where nothing calls it.
    for (source, name) in [
        (jpeg, "face_detect_jpeg"),
        (kinds, "face_detect_jpeg_kinds"),
    ] {
        let mut c = cc::Build::new();
        c.include(sdk.join("include/libjpeg-turbo"));
        c.file(source).compile(name);
    }
}

/// Puts one cascade where it becomes part of the binary.
fn copy_cascade(sdk: &Path, name: &str, output: &Path) -> Result<(), String> {
    let from = sdk.join(format!("share/haarcascades/haarcascade_{name}.packed"));
    let to = output.join(format!("{name}.packed"));
    let copied = fs::copy(&from, &to);
    copied.map_err(|error| format!("failed to copy `{}`: {error}", from.display()))?;
    Ok(())
}

/// Binds the SDK's own functions in C, which the crate `opencv` does not know.
fn bind(sdk: &Path, output: &Path) -> Result<(), String> {
    let header = sdk.join("include/opencv4/opencv2/objdetect/packed_cascade.h");
    let failed = |cause: String| format!("failed to bind `{}`: {cause}", header.display());
    // What libclang must be told to read the compiler's headers is what the crate `opencv` is told.
    println!("cargo::rerun-if-env-changed=OPENCV_CLANG_ARGS");
    let arguments = env::var("OPENCV_CLANG_ARGS").unwrap_or_default();
    let bindings = bindgen::builder()
        .header(header.display().to_string())
        .clang_args(arguments.split_ascii_whitespace())
        .allowlist_function("opencv_.*")
        .layout_tests(false)
        .generate()
        .map_err(|error| failed(error.to_string()))?;
    let written = bindings.write_to_file(output.join("packed_cascade.rs"));
    written.map_err(|error| failed(error.to_string()))
}
