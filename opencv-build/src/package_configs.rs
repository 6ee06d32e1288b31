//! Files with which other build systems find an SDK: a package for cmake's `find_package`, with a target for each
//! library and a version check, and one for pkg-config. They contain no absolute paths, so the SDK can be moved.

use std::path::Path;

use anyhow::Result;

use crate::manifest::Link;
use crate::recipe::Recipe;
use support::files::write_if_changed;

const TEMPLATES: [(&str, &str); 3] = [
    (
        "lib/cmake/opencv4/OpenCVConfig.cmake",
        include_str!("../data/package-configs/OpenCVConfig.cmake"),
    ),
    (
        "lib/cmake/opencv4/OpenCVConfigVersion.cmake",
        include_str!("../data/package-configs/OpenCVConfigVersion.cmake"),
    ),
    (
        "lib/pkgconfig/opencv4.pc",
        include_str!("../data/package-configs/opencv4.pc"),
    ),
];

pub(crate) fn write(folder: &Path, recipe: &Recipe, link: &Link) -> Result<()> {
    let values = template_values(recipe, link);
    for (path, template) in TEMPLATES {
        let text = values
            .iter()
            .fold(template.to_owned(), |text, (name, value)| text.replace(name, value));
        write_if_changed(&folder.join(path), text.as_bytes())?;
    }
    Ok(())
}

/// The values of the placeholders `@NAME@` in the templates.
fn template_values(recipe: &Recipe, link: &Link) -> [(&'static str, String); 15] {
    let glibc = recipe.target.glibc;
    let mut parts = recipe.version.split('.');
    let mut part = || parts.next().unwrap_or("0").to_owned();
    let modules = recipe.modules.iter().map(|name| format!("opencv_{name}"));
    let libraries = link.libraries.iter().chain(link.optional.keys());
    let libraries = libraries.map(|name| library_call(name, link));
    // In link order.
    let linked = link.libraries.iter().chain(&link.system);
    let linked = linked.map(|name| format!("-l{name}"));
    [
        ("@VERSION@", recipe.version.clone()),
        ("@MAJOR@", part()),
        ("@MINOR@", part()),
        ("@PATCH@", part()),
        ("@MODULES@", recipe.modules.join(", ")),
        ("@CXX_STANDARD@", recipe.cxx_standard.to_string()),
        ("@ARCHITECTURE@", recipe.target.architecture.to_string()),
        ("@ZIG_TARGET@", recipe.target.zig_triple()),
        ("@GLIBC@", glibc.to_string()),
        ("@GLIBC_MAJOR@", glibc.major.to_string()),
        ("@GLIBC_MINOR@", glibc.minor.to_string()),
        ("@LIBCXX_RELEASE@", link.cxx_runtime_release.to_string()),
        ("@COMPONENTS@", modules.collect::<Vec<_>>().join(" ")),
        ("@LIBRARIES@", libraries.collect::<Vec<_>>().join("\n")),
        ("@LIBS@", linked.collect::<Vec<_>>().join(" ")),
    ]
}

fn library_call(name: &str, link: &Link) -> String {
    let needs = link.dependencies.get(name).map(Vec::as_slice).unwrap_or_default();
    let needs = needs.iter().map(|need| {
        if link.libraries.contains(need) {
            cmake_target(need)
        } else {
            need.clone()
        }
    });
    let words: Vec<_> = [cmake_target(name), name.to_owned()].into_iter().chain(needs).collect();
    format!("  _opencv_library({})", words.join(" "))
}

/// The cmake target of a library. Third-party libraries get a namespace, because users' projects often have a target
/// `zlib` of their own.
fn cmake_target(name: &str) -> String {
    if name.starts_with("opencv_") {
        name.to_owned()
    } else {
        format!("opencv::{name}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::recipe::tests::recipe;
    use support::files::all_files;

    /// The link list of the project's own recipe, reduced to the libraries that the tests need.
    fn link() -> Link {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Link {
            libraries: names(&["opencv_imgcodecs", "opencv_core", "png", "zlib"]),
            system: names(&["dl", "pthread"]),
            dependencies: BTreeMap::from([
                ("opencv_core".to_owned(), names(&["dl", "pthread", "zlib"])),
                ("opencv_imgcodecs".to_owned(), names(&["opencv_core", "dl", "png"])),
                ("png".to_owned(), names(&["zlib"])),
                ("zlib".to_owned(), Vec::new()),
            ]),
            cxx_runtime: "c++".to_owned(),
            cxx_runtime_release: 22,
            optional: BTreeMap::from([("opencv_no_gzip".to_owned(), "it reads no gzip".to_owned())]),
        }
    }

    fn package(path: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &recipe(), &link()).unwrap();
        fs_err::read_to_string(folder.path().join(path)).unwrap()
    }

    #[test]
    fn templates_are_filled_and_paths_are_relative() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &recipe(), &link()).unwrap();
        let files = all_files(folder.path()).unwrap();
        let names: Vec<_> = files
            .iter()
            .map(|file| file.strip_prefix(folder.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "lib/cmake/opencv4/OpenCVConfig.cmake",
                "lib/cmake/opencv4/OpenCVConfigVersion.cmake",
                "lib/pkgconfig/opencv4.pc"
            ]
        );
        for file in &files {
            let text = fs_err::read_to_string(file).unwrap();
            assert!(!text.contains('@'), "{}:\n{text}", file.display());
            let starts = text.split([' ', '"', '=', '\n']);
            let absolute: Vec<_> = starts.filter(|word| word.starts_with('/')).collect();
            assert!(absolute.is_empty(), "{}: {absolute:?}", file.display());
        }
    }

    #[test]
    fn every_library_is_a_cmake_target_with_dependencies() {
        let text = package("lib/cmake/opencv4/OpenCVConfig.cmake");
        let lines = text.lines().filter(|line| line.starts_with("  _opencv_library("));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "  _opencv_library(opencv_imgcodecs opencv_imgcodecs opencv_core dl opencv::png)",
                "  _opencv_library(opencv_core opencv_core dl pthread opencv::zlib)",
                "  _opencv_library(opencv::png png opencv::zlib)",
                "  _opencv_library(opencv::zlib zlib)",
                "  _opencv_library(opencv_no_gzip opencv_no_gzip)",
            ]
        );
    }

    #[test]
    fn cmake_config_has_version_components_and_requirements() {
        let text = package("lib/cmake/opencv4/OpenCVConfig.cmake");
        for expected in [
            "set(OpenCV_VERSION 4.5.5)\n",
            "set(OpenCV_VERSION_MINOR 5)\n",
            "set(OpenCV_LIB_COMPONENTS opencv_core opencv_imgproc opencv_imgcodecs opencv_objdetect)\n",
            "\"defined(__x86_64__)\"\n",
            "__GLIBC_MINOR__ >= 26)\"\n",
            "\"_LIBCPP_VERSION >= 220000\"\n",
            "INTERFACE_COMPILE_FEATURES cxx_std_11)\n",
        ] {
            assert!(text.contains(expected), "{expected} is not in:\n{text}");
        }
        let version = package("lib/cmake/opencv4/OpenCVConfigVersion.cmake");
        assert!(version.contains("set(PACKAGE_VERSION 4.5.5)\n"));
    }

    #[test]
    fn pkg_config_lists_libraries_in_link_order() {
        let text = package("lib/pkgconfig/opencv4.pc");
        let fields: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            fields,
            [
                "prefix=${pcfiledir}/../..",
                "libdir=${prefix}/lib",
                "includedir=${prefix}/include/opencv4",
                "",
                "Name: OpenCV",
                "Description: Open Source Computer Vision Library, static: core, imgproc, imgcodecs, objdetect",
                "URL: https://opencv.org",
                "Version: 4.5.5",
                "Cflags: -I${includedir}",
                "Libs: -L${libdir} -lopencv_imgcodecs -lopencv_core -lpng -lzlib -ldl -lpthread",
            ]
        );
    }
}
