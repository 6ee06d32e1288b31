use super::*;
use crate::recipe::tests::recipe;

const HEADER: &str = "modules/objdetect/include/opencv2/objdetect/face.hpp";

#[test]
fn every_overlay_file_is_used() {
    let trim = Trim::for_recipe(&recipe());
    let used = trim.replaced.keys().chain(trim.added.keys());
    let used: BTreeSet<_> = used.map(String::as_str).collect();
    assert_eq!(used, overlay::FILES.iter().map(|(path, _)| *path).collect());
}

#[test]
fn only_files_required_by_recipe_are_included() {
    let trim = Trim::for_recipe(&recipe());
    for path in [
        "CMakeLists.txt",
        "modules/core/src/matrix.cpp",
        "3rdparty/include/opencl/1.2/CL/cl.h",
        "data/haarcascades/haarcascade_eye.xml",
    ] {
        assert!(trim.includes(path), "{path}");
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
        assert!(!trim.includes(path), "{path}");
    }
}

#[test]
fn upstream_tree_is_unchanged_except_precompiled_header_support() {
    let trim = Trim::upstream();
    for path in [
        "modules/dnn/src/dnn.cpp",
        "modules/CMakeLists.txt",
        "3rdparty/openexr/CMakeLists.txt",
    ] {
        assert!(trim.includes(path), "{path}");
    }
    let content = b"class CV_EXPORTS_W FaceRecognizerSF\n".to_vec();
    assert_eq!(trim.apply(HEADER, content.clone()).unwrap(), Some(content));
    let replaced: Vec<_> = trim.replaced.keys().collect();
    assert_eq!(replaced, ["cmake/OpenCVPCHSupport.cmake"]);
}

#[test]
fn edit_replaces_only_its_line() {
    let trim = Trim::for_recipe(&recipe());
    let content = b"a\n#include \"opencv2/opencv_modules.hpp\"\nb\n".to_vec();
    let edited = trim.apply("modules/core/src/precomp.hpp", content).unwrap().unwrap();
    assert_eq!(edited, b"a\nb\n");
    let models = "https://github.com/ShiqiYu/libfacedetection.train/tree/master/tasks/task1/onnx.";
    let content = format!(
        "/** @brief DNN-based face detector, model download link: {models}\n */\nclass CV_EXPORTS_W \
         FaceRecognizerSF\n{{\n}};\n\n}} // namespace cv\n"
    );
    let edited = String::from_utf8(trim.apply(HEADER, content.into_bytes()).unwrap().unwrap()).unwrap();
    let expected = "/** @brief Face detector with the network YuNet. Models: share/yunet of this SDK, and OpenCV \
                    Zoo's\n *  face_detection_yunet_2023mar.onnx.\n */\n#ifdef HAVE_OPENCV_DNN\n\
                    class CV_EXPORTS_W FaceRecognizerSF\n{\n};\n\n#endif\n} // namespace cv\n";
    assert_eq!(edited, expected);
    let base = "modules/core/include/opencv2/core/base.hpp";
    let content = b"a\n  #include \"opencv2/opencv_modules.hpp\"\nb\n".to_vec();
    let edited = String::from_utf8(trim.apply(base, content).unwrap().unwrap()).unwrap();
    let expected = "a\n#ifndef OPENCV_MODULE_LIST_IS_UNUSED\n\
                    #include \"opencv2/opencv_modules.hpp\"\n#endif\nb\n";
    assert_eq!(edited, expected);
}

#[test]
fn edit_replaces_consecutive_lines() {
    let mut trim = Trim::upstream();
    let edit = Edit {
        file: "a.c".to_owned(),
        line: "b\n  c\n".to_owned(),
        replacement: "x\n".to_owned(),
    };
    trim.edits.insert("a.c".to_owned(), vec![edit]);
    let apply = |text: &str| trim.apply("a.c", text.as_bytes().to_vec());
    let edited = apply("c\nb\n\tb\n  c\nc\n").unwrap().unwrap();
    assert_eq!(String::from_utf8(edited).unwrap(), "c\nb\nx\nc\n");
    assert!(apply("b\nb\n").is_err());
    assert!(apply("b\nc\nb\nc\n").is_err());
}

#[test]
fn third_party_folders_replace_bundled_copies() {
    let trim = Trim::for_recipe(&recipe());
    for path in ["3rdparty/zlib/zlib.h", "3rdparty/libpng/png.c"] {
        assert!(trim.is_third_party(path) && !trim.includes(path), "{path}");
    }
    assert!(!trim.is_third_party("3rdparty/libtiff/tiff.h"));
    assert!(!Trim::upstream().is_third_party("3rdparty/zlib/zlib.h"));
    let kept = |path: &str| BTreeSet::from(["3rdparty/zlib/zlib.h", path].map(str::to_owned));
    let error = trim.check_third_party(&kept("3rdparty/libpng/png.c"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("3rdparty/libjpeg-turbo/"), "{error}");
}

#[test]
fn edit_without_matching_line_is_an_error() {
    let trim = Trim::for_recipe(&recipe());
    let error = trim.apply(HEADER, b"a\n".to_vec()).unwrap_err().to_string();
    assert!(error.contains("occurs 0 times"), "{error}");
    let error = trim.check_required_files(&BTreeSet::new()).unwrap_err().to_string();
    assert!(error.contains("does not contain"), "{error}");
}

#[test]
fn every_codec_can_be_decode_only() {
    let mut recipe = recipe();
    let catalog = Catalog::embedded();
    recipe.codecs = catalog.codecs.keys().cloned().collect();
    let encoders = |recipe: &Recipe| {
        let trim = Trim::for_recipe(recipe);
        let edits = trim.edits.get("modules/imgcodecs/src/loadsave.cpp");
        let lines = edits.into_iter().flatten().flat_map(|edit| edit.line.lines());
        lines.filter(|line| line.starts_with("encoders.push_back")).count()
    };
    assert_eq!(encoders(&recipe), 0);
    for codec in catalog.codecs.keys() {
        recipe.decode_only = BTreeSet::from([codec.clone()]);
        let expected = if codec == "pnm" { 5 } else { 1 };
        assert_eq!(encoders(&recipe), expected, "{codec}");
    }
    // A codec that was left out needs no patch.
    recipe.codecs.remove("png");
    recipe.decode_only = BTreeSet::from(["png".to_owned()]);
    assert_eq!(encoders(&recipe), 0);
}
