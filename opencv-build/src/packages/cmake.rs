//! The package for cmake's `find_package`: `OpenCVConfig.cmake` with a target for each library, and
//! the file that tells which versions it serves.

use super::fill::fill;
use crate::manifest::Link;
use crate::recipe::Recipe;

const CONFIG: &str = include_str!("../../data/packages/OpenCVConfig.cmake");
const VERSION: &str = include_str!("../../data/packages/OpenCVConfigVersion.cmake");

pub(super) fn config(recipe: &Recipe, link: &Link) -> String {
    let modules = recipe.modules.iter().map(|name| format!("opencv_{name}"));
    let modules: Vec<_> = modules.collect();
    let libraries: Vec<_> = link
        .libraries
        .iter()
        .map(|name| library(name, link))
        .collect();
    fill(CONFIG, recipe, link)
        .replace("@COMPONENTS@", &modules.join(" "))
        .replace("@LIBRARIES@", &libraries.join("\n"))
}

pub(super) fn version(recipe: &Recipe, link: &Link) -> String {
    fill(VERSION, recipe, link)
}

/// The line that declares a library.
fn library(name: &str, link: &Link) -> String {
    let needs = link.needs.get(name).map(Vec::as_slice).unwrap_or_default();
    let needs = needs.iter().map(|need| {
        if link.libraries.contains(need) {
            target(need)
        } else {
            need.clone()
        }
    });
    let words: Vec<_> = [target(name), name.to_owned()]
        .into_iter()
        .chain(needs)
        .collect();
    format!("  _opencv_library({})", words.join(" "))
}

/// What cmake calls a library. Those of other projects get a name that no target of the user's
/// has: many a project has its own `zlib`.
fn target(name: &str) -> String {
    if name.starts_with("opencv_") {
        name.to_owned()
    } else {
        format!("opencv::{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::tests::link;
    use crate::recipe::tests::recipe;

    #[test]
    fn every_library_is_a_target_with_what_it_needs() {
        let text = config(&recipe(), &link());
        let lines = text
            .lines()
            .filter(|line| line.starts_with("  _opencv_library("));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "  _opencv_library(opencv_imgcodecs opencv_imgcodecs opencv_core dl opencv::png)",
                "  _opencv_library(opencv_core opencv_core dl pthread opencv::zlib)",
                "  _opencv_library(opencv::png png opencv::zlib)",
                "  _opencv_library(opencv::zlib zlib)",
            ]
        );
    }

    #[test]
    fn version_components_and_demands_are_the_recipes() {
        let text = config(&recipe(), &link());
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
        assert!(version(&recipe(), &link()).contains("set(PACKAGE_VERSION 4.5.5)\n"));
    }
}
