//! Tells the compiler where the SDK is, makes its cascades what becomes part of the binary, and compiles
//! what is not Rust.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "build/cascade.rs"]
mod cascade;

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
    println!("cargo::rerun-if-changed=build");
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
        return;
    }
    println!("cargo::rustc-env=OPENCV_SDK={sdk}");
    compile(Path::new(&sdk));
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for name in CASCADES {
        if let Err(reason) = write_cascade(Path::new(&sdk), name, &output) {
            println!("cargo::error={reason}");
        }
    }
}

/// Compiles what is not Rust.
fn compile(sdk: &Path) {
    let (grey, unused) = ("src/photo/grey.cpp", "src/vision/unused.c");
    for source in [grey, unused] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut cxx = cc::Build::new();
    cxx.cpp(true).std("c++11");
    cxx.include(sdk.join("include/opencv4"));
    cxx.file(grey).compile("face_detect_grey");
    cc::Build::new().file(unused).compile("unused");
}

/// Writes one cascade as it becomes part of the binary.
fn write_cascade(sdk: &Path, name: &str, output: &Path) -> Result<(), String> {
    let source = sdk.join(format!("share/haarcascades/haarcascade_{name}.xml"));
    let failed = |verb: &str, path: &Path, cause: &dyn std::fmt::Display| {
        format!("failed to {verb} `{}`: {cause}", path.display())
    };
    let xml = fs::read_to_string(&source).map_err(|error| failed("read", &source, &error))?;
    let small = cascade::packed(&xml).map_err(|error| failed("pack", &source, &error))?;
    let place = output.join(format!("{name}.packed"));
    fs::write(&place, small).map_err(|error| failed("write", &place, &error))
}
