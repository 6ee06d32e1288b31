//! Our own files in OpenCV's tree: those that replace one of OpenCV's, and those that are added to it.
//! Knows their paths and texts, and nothing of what they are for.

/// The one that makes precompiled headers, which the stock tree has as well.
pub const PRECOMPILED_HEADERS: &str = "cmake/OpenCVPCHSupport.cmake";

/// Each by the path that it has in the tree, with its text. The build script lists the folder.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/overlay.rs"));

/// The file of ours that has this path.
pub fn file(path: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(name, _)| *name == path).copied()
}

pub fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = FILES.iter().copied();
    files.filter(move |(name, _)| name.starts_with(folder))
}
