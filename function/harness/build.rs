//! Compiles the C and C++ files against the SDK, and links its libraries that make programs smaller.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_SDK");
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_OPENCV").is_none() {
        return;
    }
    let Ok(sdk) = env::var("OPENCV_SDK") else {
        println!(
            "cargo::error=OPENCV_SDK is not set. Build a function with `cargo xtask build-function`, which builds \
             OpenCV first."
        );
        return;
    };
    let sdk = Path::new(&sdk);
    let manifest = sdk.join("sdk.json");
    println!("cargo::rerun-if-changed={}", manifest.display());
    if !manifest.is_file() {
        println!(
            "cargo::error=`{}` is missing, so OPENCV_SDK is not the path of an SDK.",
            manifest.display()
        );
        return;
    }
    // The harness reads no compressed storages of OpenCV, and no one reads the names of fatal exceptions.
    println!("cargo::rustc-link-search=native={}", sdk.join("lib").display());
    for library in ["opencv_no_gzip", "opencv_no_demangling"] {
        println!("cargo::rustc-link-lib=static={library}");
    }
    let (cvt_color, jpeg) = ("src/photo/cvt_color.cpp", "src/photo/decode/jpeg.c");
    let variants = "src/testing/jpeg.c";
    for source in [cvt_color, jpeg, variants] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut cxx = cc::Build::new();
    cxx.cpp(true).std("c++11");
    cxx.include(sdk.join("include/opencv4"));
    cxx.file(cvt_color).compile("harness_cvt_color");
    // The crate `opencv` links libjpeg-turbo. Only tests call the variants, so the linker drops them elsewhere.
    for (source, name) in [(jpeg, "harness_jpeg"), (variants, "harness_jpeg_variants")] {
        let mut c = cc::Build::new();
        c.include(sdk.join("include/libjpeg-turbo"));
        c.file(source).compile(name);
    }
}
