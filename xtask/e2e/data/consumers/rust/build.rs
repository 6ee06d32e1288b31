//! Leaves out the function that makes the names of C++ types readable, which only uncaught exceptions need.

fn main() {
    println!("cargo::rerun-if-env-changed=OPENCV_LINK_PATHS");
    let libraries = std::env::var("OPENCV_LINK_PATHS").expect("opencv-env sets OPENCV_LINK_PATHS");
    println!("cargo::rustc-link-search=native={libraries}");
    println!("cargo::rustc-link-lib=static=opencv_no_demangling");
}
