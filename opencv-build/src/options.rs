//! All that cmake is told: the options of `data/cmake-options.toml`, and what a recipe and the
//! tools add to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use crate::catalog::Catalog;
use crate::context::BuildContext;
use crate::instrument;
use crate::recipe::{Cpu, Haar};
use crate::target::Architecture;
use crate::tree::SourceTree;

const TEXT: &str = include_str!("../data/cmake-options.toml");

/// The prefix that the libraries believe in; where they really are does not matter, because
/// nothing that a static build contains looks for files there.
const PREFIX: &str = "/opt/opencv";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    flags: Vec<String>,
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) reason: String,
    /// What OpenCV builds by default and is not built with these.
    pub(crate) missing: Option<String>,
    pub(crate) options: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) modules: Vec<String>,
    /// Image formats that must be in, each with the macro of `cvconfig.h` that proves it.
    pub(crate) proofs: BTreeMap<String, String>,
    pub(crate) defines: BTreeMap<String, String>,
}

impl Plan {
    /// The plan for the recipe. Every option that we ever set has a value in every build, so that none
    /// of an earlier build is left in cmake's cache.
    pub(crate) fn of(context: &BuildContext, tree: &SourceTree) -> Result<Self> {
        let recipe = context.recipe;
        let options: Options =
            toml::from_str(TEXT).expect("data/cmake-options.toml is checked by a test");
        let catalog = Catalog::embedded();
        let mut defines = BTreeMap::new();
        for group in options.group {
            defines.extend(group.options);
        }
        let mut proofs = BTreeMap::new();
        for (name, codec) in &catalog.codecs {
            let wanted = recipe.codecs.contains(name);
            let proof = codec.proof.clone().filter(|_| wanted);
            proofs.extend(proof.map(|proof| (name.clone(), proof)));
            let named = codec.options.iter();
            defines.extend(named.map(|option| (option.clone(), switch(wanted))));
        }
        let Cpu { baseline, dispatch } = &recipe.cpu;
        let mut named = vec![
            ("BUILD_LIST", recipe.modules.join(",")),
            ("CPU_BASELINE", baseline.join(";")),
            ("CPU_DISPATCH", dispatch.join(";")),
            // Without these cmake leaves out what it does not know, and succeeds.
            ("CPU_BASELINE_REQUIRE", baseline.join(";")),
            ("CPU_DISPATCH_REQUIRE", dispatch.join(";")),
            ("OPENCV_HAAR_DETECTOR", switch(recipe.haar == Haar::Fast)),
            ("CMAKE_CXX_STANDARD", recipe.cxx_standard.to_string()),
        ];
        named.extend(context.kernels.defines());
        let mut flags = options.flags;
        if recipe.instrumented {
            flags.extend(instrument::flags(context.work)?);
            // cmake's own would come after ours, and optimise for minutes.
            let release = ["CMAKE_C_FLAGS_RELEASE", "CMAKE_CXX_FLAGS_RELEASE"];
            named.extend(release.map(|name| (name, "-DNDEBUG".to_owned())));
        }
        named.extend(machinery(flags, context, tree));
        defines.extend(
            named
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(Self {
            modules: recipe.modules.clone(),
            proofs,
            defines,
        })
    }
}

fn switch(on: bool) -> String {
    if on { "ON" } else { "OFF" }.to_owned()
}

/// What cmake is told of tools, folders and the target in every build, with `flags` for C and C++.
pub(crate) fn machinery(
    mut flags: Vec<String>,
    context: &BuildContext,
    tree: &SourceTree,
) -> Vec<(&'static str, String)> {
    // Error messages name source files; with this they name them as in OpenCV's repository,
    // wherever the build ran.
    let (tree, work) = (tree.path.display(), context.work.display());
    flags.push(format!("-ffile-prefix-map={tree}/="));
    flags.push(format!("-ffile-prefix-map={work}/build/="));
    let flags = flags.iter().map(|flag| quoted(flag)).collect::<Vec<_>>();
    let flags = flags.join(" ");

    let path = |path: PathBuf| path.display().to_string();
    let mut defines = vec![
        ("CMAKE_C_FLAGS", flags.clone()),
        ("CMAKE_CXX_FLAGS", flags),
        ("CMAKE_AR", path(context.compiler.folder.join("ar"))),
        ("CMAKE_RANLIB", path(context.compiler.folder.join("ranlib"))),
        ("CMAKE_MAKE_PROGRAM", path(context.toolchain.ninja())),
        ("CMAKE_INSTALL_PREFIX", PREFIX.to_owned()),
    ];
    let architecture = context.recipe.target.architecture;
    if Architecture::of_this_machine() != Some(architecture) {
        defines.extend([
            ("CMAKE_SYSTEM_NAME", "Linux".to_owned()),
            ("CMAKE_SYSTEM_PROCESSOR", architecture.to_string()),
        ]);
    }
    defines
}

/// A flag as a shell takes it for one word; [`BuildPaths`](crate::paths::BuildPaths) lets no quotes into paths.
fn quoted(flag: &str) -> String {
    if flag.contains(' ') {
        format!("\"{flag}\"")
    } else {
        flag.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_with_a_space_stays_one_word() {
        assert_eq!(quoted("-O2"), "-O2");
        assert_eq!(quoted("-I/a b"), "\"-I/a b\"");
    }

    #[test]
    fn every_group_of_options_has_a_reason() {
        let options: Options = toml::from_str(TEXT).unwrap();
        assert!(options.group.len() > 5);
    }
}
