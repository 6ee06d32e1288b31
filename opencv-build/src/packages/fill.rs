//! Templates of package files: their marks, replaced by what the recipe and the link list say.

use crate::manifest::Link;
use crate::recipe::Recipe;

/// `template` with what all packages say in place of `@NAME@`.
pub(super) fn fill(template: &str, recipe: &Recipe, link: &Link) -> String {
    let glibc = recipe.target.glibc;
    let mut parts = recipe.version.split('.');
    let mut part = || parts.next().unwrap_or("0");
    let values = [
        ("@VERSION@", recipe.version.clone()),
        ("@MAJOR@", part().to_owned()),
        ("@MINOR@", part().to_owned()),
        ("@PATCH@", part().to_owned()),
        ("@MODULES@", recipe.modules.join(", ")),
        ("@CXX_STANDARD@", recipe.cxx_standard.to_string()),
        ("@ARCHITECTURE@", recipe.target.architecture.to_string()),
        ("@ZIG_TARGET@", recipe.target.zig_triple()),
        ("@GLIBC@", glibc.to_string()),
        ("@GLIBC_MAJOR@", glibc.major.to_string()),
        ("@GLIBC_MINOR@", glibc.minor.to_string()),
        ("@LIBCXX_RELEASE@", link.cxx_runtime_release.to_string()),
    ];
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}
