//! That cuts do what they say, and are refused where they do not fit.

use super::*;
use crate::recipe::tests::recipe;

const HEADER: &str = "modules/objdetect/include/opencv2/objdetect.hpp";

#[test]
fn every_overlay_file_is_used() {
    let trim = Trim::of(&recipe());
    let used = trim.replaced.keys().chain(trim.added.keys());
    let used: BTreeSet<_> = used.map(String::as_str).collect();
    assert_eq!(used, overlay::FILES.iter().map(|(path, _)| *path).collect());
}

#[test]
fn only_what_the_recipe_needs_is_kept() {
    let trim = Trim::of(&recipe());
    for path in [
        "CMakeLists.txt",
        "modules/core/src/matrix.cpp",
        "3rdparty/include/opencl/1.2/CL/cl.h",
        "data/haarcascades/haarcascade_eye.xml",
    ] {
        assert!(trim.keeps(path), "{path}");
    }
    for path in [
        "modules/core/test/test_mat.cpp",
        "modules/dnn/src/dnn.cpp",
        "modules/CMakeLists.txt",
        "3rdparty/libtiff/CMakeLists.txt",
        "3rdparty/libjpeg-turbo/src/jcapimin.c",
        "3rdparty/carotene/CMakeLists.txt",
        "samples/cpp/facedetect.cpp",
    ] {
        assert!(!trim.keeps(path), "{path}");
    }
}

#[test]
fn of_the_stock_tree_all_is_kept_and_nothing_cut_but_what_makes_headers_precompiled() {
    let trim = Trim::stock();
    for path in [
        "modules/dnn/src/dnn.cpp",
        "modules/CMakeLists.txt",
        "3rdparty/openexr/CMakeLists.txt",
    ] {
        assert!(trim.keeps(path), "{path}");
    }
    let content = b"#include \"opencv2/objdetect/face.hpp\"\n".to_vec();
    assert_eq!(trim.apply(HEADER, content.clone()).unwrap(), Some(content));
    let replaced: Vec<_> = trim.replaced.keys().collect();
    assert_eq!(replaced, ["cmake/OpenCVPCHSupport.cmake"]);
}

#[test]
fn a_cut_replaces_its_line_and_nothing_else() {
    let trim = Trim::of(&recipe());
    let content = b"a\n#include \"opencv2/objdetect/face.hpp\"\nb\n".to_vec();
    assert_eq!(trim.apply(HEADER, content).unwrap().unwrap(), b"a\nb\n");
    let base = "modules/core/include/opencv2/core/base.hpp";
    let content = b"a\n  #include \"opencv2/opencv_modules.hpp\"\nb\n".to_vec();
    let edited = String::from_utf8(trim.apply(base, content).unwrap().unwrap()).unwrap();
    let expected = "a\n#ifndef OPENCV_MODULE_LIST_IS_UNUSED\n\
                    #include \"opencv2/opencv_modules.hpp\"\n#endif\nb\n";
    assert_eq!(edited, expected);
}

#[test]
fn lines_that_follow_one_another_are_replaced_together() {
    let mut trim = Trim::stock();
    let edit = Edit {
        file: "a.c".to_owned(),
        line: "b\n  c\n".to_owned(),
        with: "x\n".to_owned(),
    };
    trim.edits.insert("a.c".to_owned(), vec![edit]);
    let apply = |text: &str| trim.apply("a.c", text.as_bytes().to_vec());
    let edited = apply("c\nb\n\tb\n  c\nc\n").unwrap().unwrap();
    assert_eq!(String::from_utf8(edited).unwrap(), "c\nb\nx\nc\n");
    assert!(apply("b\nb\n").is_err());
    assert!(apply("b\nc\nb\nc\n").is_err());
}

#[test]
fn other_peoples_libraries_are_not_opencvs_own_copies() {
    let trim = Trim::of(&recipe());
    for path in ["3rdparty/zlib/zlib.h", "3rdparty/libpng/png.c"] {
        assert!(trim.is_third_party(path) && !trim.keeps(path), "{path}");
    }
    assert!(!trim.is_third_party("3rdparty/libtiff/tiff.h"));
    assert!(!Trim::stock().is_third_party("3rdparty/zlib/zlib.h"));
    let kept = |path: &str| BTreeSet::from(["3rdparty/zlib/zlib.h", path].map(str::to_owned));
    let error = trim.check_third_party(&kept("3rdparty/libpng/png.c"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("3rdparty/libjpeg-turbo/"), "{error}");
}

#[test]
fn a_cut_that_does_not_fit_the_tree_is_refused() {
    let trim = Trim::of(&recipe());
    let error = trim.apply(HEADER, b"a\n".to_vec()).unwrap_err().to_string();
    assert!(error.contains("is there 0 times"), "{error}");
    let error = trim.check_seen(&BTreeSet::new()).unwrap_err().to_string();
    assert!(error.contains("is not in it"), "{error}");
}
