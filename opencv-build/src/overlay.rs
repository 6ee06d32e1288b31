//! Our own files in OpenCV's tree, which replace files of OpenCV or are added to it.

/// Support for precompiled headers, which the upstream tree uses as well.
pub const PCH_SUPPORT_PATH: &str = "cmake/OpenCVPCHSupport.cmake";

/// Paths in OpenCV's tree and contents. The build script generates the list from the folder.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/overlay.rs"));

pub fn file(path: &str) -> (&'static str, &'static str) {
    let mut files = FILES.iter().copied();
    let ours = files.find(|(name, _)| *name == path);
    ours.expect("a test finds every overlay file")
}

pub fn files_in(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = FILES.iter().copied();
    files.filter(move |(name, _)| name.starts_with(folder))
}
