//! Passes the SDK's path to rustc, compiles the C and C++ files, and generates bindings for the SDK's C functions.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_SDK");
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_OPENCV").is_none() {
        return;
    }
    let Ok(sdk) = env::var("OPENCV_SDK") else {
        println!(
            "cargo::error=OPENCV_SDK is not set. Build the function with `cargo xtask \
             build-function`, which builds OpenCV first."
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
    println!("cargo::rustc-env=OPENCV_SDK={}", sdk.display());
    compile(sdk);
    if let Err(reason) = bind(sdk) {
        println!("cargo::error={reason}");
    }
}

fn compile(sdk: &Path) {
    let (cvt_color, jpeg) = ("src/photo/cvt_color.cpp", "src/photo/decode/jpeg.c");
    let variants = "src/photo/decode/jpeg/tests/variants.c";
    let link_stubs = "src/vision/link_stubs.c";
    for source in [cvt_color, jpeg, variants, link_stubs] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut cxx = cc::Build::new();
    cxx.cpp(true).std("c++11");
    cxx.include(sdk.join("include/opencv4"));
    cxx.file(cvt_color).compile("face_detect_cvt_color");
    cc::Build::new().file(link_stubs).compile("link_stubs");
    // The crate `opencv` links libjpeg-turbo. Only tests call the variants, so the linker drops them elsewhere.
    for (source, name) in [(jpeg, "face_detect_jpeg"), (variants, "face_detect_jpeg_variants")] {
        let mut c = cc::Build::new();
        c.include(sdk.join("include/libjpeg-turbo"));
        c.file(source).compile(name);
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
