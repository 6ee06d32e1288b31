//! The package for pkg-config, `opencv4.pc`: what to compile and link with, in the order that a
//! static linker wants.

use super::fill::fill;
use crate::manifest::Link;
use crate::recipe::Recipe;

const PACKAGE: &str = include_str!("../../data/packages/opencv4.pc");

pub(super) fn package(recipe: &Recipe, link: &Link) -> String {
    let names = link.libraries.iter().chain(&link.system);
    let flags: Vec<_> = names.map(|name| format!("-l{name}")).collect();
    fill(PACKAGE, recipe, link).replace("@LIBS@", &flags.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::tests::link;
    use crate::recipe::tests::recipe;

    #[test]
    fn everything_is_linked_in_order_and_found_from_where_the_file_lies() {
        let text = package(&recipe(), &link());
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
