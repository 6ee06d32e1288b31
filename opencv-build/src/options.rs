//! All that cmake is told: the options of `data/cmake-options.toml`, and what a recipe and the
//! tools add to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::recipe::Recipe;
use crate::target::Architecture;
use crate::tree::SourceTree;
use crate::workshop::Workshop;

/// The text of the options, for fingerprints.
pub const TEXT: &str = include_str!("../data/cmake-options.toml");

/// The prefix that the libraries believe in; where they really are does not matter, because
/// nothing that a static build contains looks for files there.
const PREFIX: &str = "/opt/opencv";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    group: Vec<Group>,
    flags: Flags,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[expect(dead_code, reason = "for readers of the file")]
    reason: String,
    options: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flags {
    all: Vec<String>,
}

/// The options for `recipe`. Every one that we ever set has a value in every build, so that none
/// of an earlier build is left in cmake's cache.
pub(crate) fn defines(
    recipe: &Recipe,
    shop: &Workshop,
    tree: &SourceTree,
) -> BTreeMap<String, String> {
    let options: Options =
        toml::from_str(TEXT).expect("data/cmake-options.toml is checked by a test");
    let catalog = Catalog::embedded();
    let mut defines = BTreeMap::new();
    for group in options.group {
        defines.extend(group.options);
    }
    for (name, codec) in &catalog.codecs {
        let switch = if recipe.codecs.contains(name) {
            "ON"
        } else {
            "OFF"
        };
        let named = codec.options.iter();
        defines.extend(named.map(|option| (option.clone(), switch.to_owned())));
    }
    let mut flags = options.flags.all;
    // Error messages name source files; with this they name them as in OpenCV's repository,
    // wherever the build ran.
    let prefix = tree.path().display();
    flags.push(format!("-ffile-prefix-map={prefix}/="));
    flags.push(format!("-ffile-prefix-map={}/build/=", shop.work.display()));
    let flags = flags.join(" ");

    let path = |path: PathBuf| path.display().to_string();
    defines.extend([
        ("BUILD_LIST".to_owned(), recipe.modules.join(",")),
        ("CPU_BASELINE".to_owned(), recipe.cpu.baseline.join(";")),
        ("CPU_DISPATCH".to_owned(), recipe.cpu.dispatch.join(";")),
        // Without these cmake leaves out what it does not know, and succeeds.
        (
            "CPU_BASELINE_REQUIRE".to_owned(),
            recipe.cpu.baseline.join(";"),
        ),
        (
            "CPU_DISPATCH_REQUIRE".to_owned(),
            recipe.cpu.dispatch.join(";"),
        ),
        (
            "CMAKE_CXX_STANDARD".to_owned(),
            recipe.cxx_standard.to_string(),
        ),
        ("CMAKE_C_FLAGS".to_owned(), flags.clone()),
        ("CMAKE_CXX_FLAGS".to_owned(), flags),
        ("CMAKE_AR".to_owned(), path(shop.compiler.ar())),
        ("CMAKE_RANLIB".to_owned(), path(shop.compiler.ranlib())),
        (
            "CMAKE_MAKE_PROGRAM".to_owned(),
            path(shop.toolchain.ninja()),
        ),
        ("CMAKE_INSTALL_PREFIX".to_owned(), PREFIX.to_owned()),
    ]);
    if Architecture::of_this_machine() != Some(recipe.target.architecture) {
        defines.extend([
            ("CMAKE_SYSTEM_NAME".to_owned(), "Linux".to_owned()),
            (
                "CMAKE_SYSTEM_PROCESSOR".to_owned(),
                recipe.target.architecture.to_string(),
            ),
        ]);
    }
    defines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_options_has_a_reason() {
        let options: Options = toml::from_str(TEXT).unwrap();
        assert!(options.group.len() > 5);
    }
}
