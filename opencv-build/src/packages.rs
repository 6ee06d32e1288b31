//! The files by which other build systems find an SDK: a package for cmake and one for pkg-config.
//! From what is in the SDK and how it is linked; nothing in them depends on where it lies.

mod cmake;
mod fill;
mod pkg_config;

use std::path::Path;

use anyhow::Result;

use crate::manifest::Link;
use crate::recipe::Recipe;
use support::files::write_if_other;

/// Writes the packages of the SDK in `folder`, which was built from `recipe` and is linked by
/// `link`.
pub(crate) fn write(folder: &Path, recipe: &Recipe, link: &Link) -> Result<()> {
    for (path, text) in [
        (
            "cmake/opencv4/OpenCVConfig.cmake",
            cmake::config(recipe, link),
        ),
        (
            "cmake/opencv4/OpenCVConfigVersion.cmake",
            cmake::version(recipe, link),
        ),
        ("pkgconfig/opencv4.pc", pkg_config::package(recipe, link)),
    ] {
        write_if_other(&folder.join("lib").join(path), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use support::files::all_files;

    /// How the project's own recipe would be linked, with as few libraries as tell things apart.
    pub(super) fn link() -> Link {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Link {
            libraries: names(&["opencv_imgcodecs", "opencv_core", "png", "zlib"]),
            system: names(&["dl", "pthread"]),
            needs: BTreeMap::from([
                ("opencv_core".to_owned(), names(&["dl", "pthread", "zlib"])),
                (
                    "opencv_imgcodecs".to_owned(),
                    names(&["opencv_core", "dl", "png"]),
                ),
                ("png".to_owned(), names(&["zlib"])),
                ("zlib".to_owned(), Vec::new()),
            ]),
            cxx_runtime: "c++".to_owned(),
            cxx_runtime_release: 22,
        }
    }

    #[test]
    fn every_place_in_the_templates_is_filled_and_no_path_is_absolute() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &crate::recipe::tests::recipe(), &link()).unwrap();
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
}
