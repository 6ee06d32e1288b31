//! Our own files in OpenCV's tree: those that replace one of OpenCV's, and those that are added to it.
//! Knows their paths and texts, and nothing of what they are for.

/// The one that makes precompiled headers, which the upstream tree has as well.
pub const PRECOMPILED_HEADERS: &str = "cmake/OpenCVPCHSupport.cmake";

/// Each by the path that it has in the tree, with its text. The build script lists the folder.
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
