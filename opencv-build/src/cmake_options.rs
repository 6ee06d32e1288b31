//! All cmake options: those of `data/cmake-options.toml`, of the recipe and of the tools.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use crate::catalog::Catalog;
use crate::context::BuildContext;
use crate::recipe::{Cpu, HaarDetector};
use crate::sanitizers::sanitizer_flags;
use crate::source_tree::SourceTree;
use crate::target::Architecture;

const TEXT: &str = include_str!("../data/cmake-options.toml");

/// The installation prefix compiled into the libraries. It need not be their real path: a static build reads no files
/// from it.
const PREFIX: &str = "/opt/opencv";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    flags: Vec<String>,
    group: Vec<OptionGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionGroup {
    pub(crate) reason: String,
    /// Features that OpenCV builds by default and these options disable.
    pub(crate) missing_features: Option<String>,
    pub(crate) options: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct CmakePlan {
    pub(crate) modules: Vec<String>,
    /// Required image formats, each with the macro that `cvconfig.h` defines if it is built in.
    pub(crate) codec_macros: BTreeMap<String, String>,
    pub(crate) defines: BTreeMap<String, String>,
}

impl CmakePlan {
    /// Every option that is ever set has a value in every build, so that no value of an earlier build remains in
    /// cmake's cache.
    pub(crate) fn new(context: &BuildContext, tree: &SourceTree) -> Result<Self> {
        let recipe = context.recipe;
        let options: Options = toml::from_str(TEXT).expect("data/cmake-options.toml is checked by a test");
        let catalog = Catalog::embedded();
        let mut defines = BTreeMap::new();
        for group in options.group {
            defines.extend(group.options);
        }
        let mut codec_macros = BTreeMap::new();
        for (name, codec) in &catalog.codecs {
            let wanted = recipe.codecs.contains(name);
            let cvconfig_macro = codec.cvconfig_macro.clone().filter(|_| wanted);
            codec_macros.extend(cvconfig_macro.map(|required| (name.clone(), required)));
            let named = codec.options.iter();
            defines.extend(named.map(|option| (option.clone(), on_off(wanted))));
        }
        let Cpu { baseline, dispatch } = &recipe.cpu;
        let mut named = vec![
            ("BUILD_LIST", recipe.modules.join(",")),
            ("CPU_BASELINE", baseline.join(";")),
            ("CPU_DISPATCH", dispatch.join(";")),
            // Without these cmake ignores unknown features, and succeeds.
            ("CPU_BASELINE_REQUIRE", baseline.join(";")),
            ("CPU_DISPATCH_REQUIRE", dispatch.join(";")),
            ("OPENCV_HAAR_DETECTOR", on_off(recipe.haar == HaarDetector::Fast)),
            ("CMAKE_CXX_STANDARD", recipe.cxx_standard.to_string()),
        ];
        named.extend(context.simd_assembler.defines());
        let mut flags = options.flags;
        if recipe.instrumented {
            flags.extend(sanitizer_flags(context.work_dir)?);
            // cmake's default flags would override ours with a higher optimisation level and compile for minutes.
            let release = ["CMAKE_C_FLAGS_RELEASE", "CMAKE_CXX_FLAGS_RELEASE"];
            named.extend(release.map(|name| (name, "-DNDEBUG".to_owned())));
        }
        named.extend(toolchain_defines(flags, context, tree));
        defines.extend(named.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(Self {
            modules: recipe.modules.clone(),
            codec_macros,
            defines,
        })
    }
}

fn on_off(on: bool) -> String {
    if on { "ON" } else { "OFF" }.to_owned()
}

/// The options for tools, folders and the target in every build, with `flags` for C and C++.
pub(crate) fn toolchain_defines(
    mut flags: Vec<String>,
    context: &BuildContext,
    tree: &SourceTree,
) -> Vec<(&'static str, String)> {
    // OpenCV's error messages contain source paths: these become relative to OpenCV's tree, so that the build folder
    // does not matter.
    let (tree, work) = (tree.path.display(), context.work_dir.display());
    flags.push(format!("-ffile-prefix-map={tree}/="));
    flags.push(format!("-ffile-prefix-map={work}/build/="));
    let flags = flags.iter().map(|flag| quote_flag(flag)).collect::<Vec<_>>();
    let flags = flags.join(" ");

    let path = |path: PathBuf| path.display().to_string();
    let mut defines = vec![
        ("CMAKE_C_FLAGS", flags.clone()),
        ("CMAKE_CXX_FLAGS", flags),
        ("CMAKE_AR", path(context.compiler.scripts_dir.join("ar"))),
        ("CMAKE_RANLIB", path(context.compiler.scripts_dir.join("ranlib"))),
        ("CMAKE_MAKE_PROGRAM", path(context.toolchain.ninja())),
        ("CMAKE_INSTALL_PREFIX", PREFIX.to_owned()),
    ];
    let architecture = context.recipe.target.architecture;
    if Architecture::host() != Some(architecture) {
        defines.extend([
            ("CMAKE_SYSTEM_NAME", "Linux".to_owned()),
            ("CMAKE_SYSTEM_PROCESSOR", architecture.to_string()),
        ]);
    }
    defines
}

/// Quotes a flag with spaces for the shell; [`BuildPaths`](crate::paths::BuildPaths) rejects paths with quotes.
fn quote_flag(flag: &str) -> String {
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
    fn flag_with_space_is_quoted() {
        assert_eq!(quote_flag("-O2"), "-O2");
        assert_eq!(quote_flag("-I/a b"), "\"-I/a b\"");
    }

    #[test]
    fn every_option_group_has_a_reason() {
        let options: Options = toml::from_str(TEXT).unwrap();
        assert!(options.group.len() > 5);
    }
}
