//! Our own files in OpenCV's tree: those that replace one of OpenCV's, and those that are added to it.
//! Knows their paths and texts, and nothing of what they are for.

macro_rules! files {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../overlay/", $path)))),*]
    };
}

/// The one that makes precompiled headers, which the stock tree has as well.
pub const PRECOMPILED_HEADERS: &str = "cmake/OpenCVPCHSupport.cmake";

/// Each by the path that it has in the tree, with its text.
pub const FILES: &[(&str, &str)] = files! {
    "3rdparty/libjpeg-turbo/eight-bits.c"
    "3rdparty/libjpeg-turbo/eight-bits.cmake"
    "cmake/OpenCVPCHSupport.cmake"
    "modules/objdetect/CMakeLists.txt"
    "modules/objdetect/include/opencv2/objdetect/packed_cascade.h"
    "modules/objdetect/src/haar/block.hpp"
    "modules/objdetect/src/haar/buffer.hpp"
    "modules/objdetect/src/haar/cascade.hpp"
    "modules/objdetect/src/haar/check.cpp"
    "modules/objdetect/src/haar/classifier.cpp"
    "modules/objdetect/src/haar/classifier.hpp"
    "modules/objdetect/src/haar/contrast.hpp"
    "modules/objdetect/src/haar/control.cpp"
    "modules/objdetect/src/haar/control.hpp"
    "modules/objdetect/src/haar/decide.hpp"
    "modules/objdetect/src/haar/dense.hpp"
    "modules/objdetect/src/haar/detect.cpp"
    "modules/objdetect/src/haar/detect.hpp"
    "modules/objdetect/src/haar/detect.simd.hpp"
    "modules/objdetect/src/haar/dispatch.cpp"
    "modules/objdetect/src/haar/dispatch.hpp"
    "modules/objdetect/src/haar/edge_tree.hpp"
    "modules/objdetect/src/haar/features.hpp"
    "modules/objdetect/src/haar/grouping.cpp"
    "modules/objdetect/src/haar/grouping.hpp"
    "modules/objdetect/src/haar/integral.hpp"
    "modules/objdetect/src/haar/lanes.hpp"
    "modules/objdetect/src/haar/layout.hpp"
    "modules/objdetect/src/haar/model.cpp"
    "modules/objdetect/src/haar/model.hpp"
    "modules/objdetect/src/haar/packed.cpp"
    "modules/objdetect/src/haar/packed.hpp"
    "modules/objdetect/src/haar/pool.hpp"
    "modules/objdetect/src/haar/shrink.hpp"
    "modules/objdetect/src/haar/stripe.hpp"
    "modules/objdetect/src/haar/stump.cpp"
    "modules/objdetect/src/haar/stump.hpp"
    "modules/objdetect/src/haar/transpose.hpp"
    "modules/objdetect/src/haar/visit.hpp"
};

/// The file of ours that has this path.
pub fn file(path: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(name, _)| *name == path).copied()
}

/// Those below a folder.
pub fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = FILES.iter().copied();
    files.filter(move |(name, _)| name.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use support::files::all_files;

    #[test]
    fn every_file_of_the_folder_is_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("overlay");
        let there = all_files(&folder).unwrap();
        let there: BTreeSet<_> = there
            .iter()
            .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(there, FILES.iter().map(|(name, _)| *name).collect());
    }
}
