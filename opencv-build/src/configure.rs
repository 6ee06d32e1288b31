//! Configures OpenCV with cmake: from a plan to a build folder in which every module and format of the plan is enabled.
//! cmake drops modules that it cannot build, reports that in one line and succeeds; here that is an error, before
//! anything is compiled.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;

use crate::cmake::{self, CmakeJob};
use crate::cmake_options::CmakePlan;
use crate::context::BuildContext;
use crate::source_tree::SourceTree;
use support::files::{remove_compiler_temporaries, remove_if_exists};
use support::fingerprint::Fingerprint;
use support::progress::ProgressStep;

#[derive(Debug)]
pub struct ConfiguredBuild {
    pub(crate) job: CmakeJob,
}

impl ConfiguredBuild {
    /// Configures the build of `tree`. A build folder for another compiler, CPU or option is emptied first; for other
    /// modules and SIMD kernels it is kept, and the build is incremental.
    pub(crate) fn new(tree: &SourceTree, plan: &CmakePlan, context: &BuildContext) -> Result<Self> {
        let recipe = context.recipe;
        remove_if_configured_otherwise(context.work_dir, &recipe.version, &plan.defines)?;
        remove_compiler_temporaries(&context.work_dir.join("build"))?;
        let job = CmakeJob {
            source: tree.path.clone(),
            work_dir: context.work_dir.to_owned(),
            cc: context.compiler.cc(),
            cxx: context.compiler.cxx(),
            triple: recipe.target.rust_triple().to_owned(),
            defines: plan.defines.clone(),
            configure: true,
            // Builds nothing: lists the targets.
            build_target: "help".to_owned(),
        };
        let step = ProgressStep::start("configuring OpenCV");
        context.cmake(&job, |_| ())?;
        drop(step);

        let build = context.work_dir.join("build");
        let cache = build.join("CMakeCache.txt");
        let text = fs::read_to_string(&cache)?;
        check_modules(&plan.modules, &text, &context.log_file())?;

        let version = "modules/core/include/opencv2/core/version.hpp";
        let headers = [tree.path.join(version), build.join("cvconfig.h")];
        let included = headers.iter().flat_map(|h| [OsStr::new("-include"), h.as_os_str()]);
        let macros = context.compiler.macros(included);
        let macros = macros.context("failed to read OpenCV's headers")?;
        check_macros(&recipe.version, &plan.codec_macros, &macros)?;
        Ok(Self { job })
    }
}

/// Empties the build folder unless it was configured with the same options, except for modules and SIMD kernels.
fn remove_if_configured_otherwise(work: &Path, version: &str, defines: &BTreeMap<String, String>) -> Result<()> {
    let mut lasting = defines.clone();
    // ninja detects what changes with these.
    lasting.retain(|name, _| name != "BUILD_LIST" && !name.starts_with("LIBJPEG_TURBO_"));
    // The options include compiler and tools, whose paths contain their digests.
    let fingerprint = Fingerprint::of([
        ("call", cmake::CODE_DIGEST.as_bytes()),
        ("crates", cmake::CRATE_VERSIONS.as_bytes()),
        ("version", version.as_bytes()),
        ("defines", serde_json::to_vec(&lasting)?.as_slice()),
    ]);
    let stamp = work.join("build.fingerprint");
    let wanted = fingerprint.to_string();
    let build = work.join("build");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    // Remove the stamp first: it must not match a partly removed folder.
    remove_if_exists(&stamp)?;
    if build.exists() {
        fs::remove_dir_all(&build)?;
    }
    fs::create_dir_all(work)?;
    Ok(fs::write(&stamp, wanted)?)
}

fn cache_entry<'a>(cache: &'a str, name: &str) -> &'a str {
    let entry = cache.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.split(':').next() == Some(name)).then_some(value)
    });
    entry.unwrap_or_default()
}

fn check_modules(modules: &[String], cache: &str, log: &Path) -> Result<()> {
    let has = |list: &str, module: &str| {
        let name = format!("opencv_{module}");
        cache_entry(cache, list).split(';').any(|entry| entry == name)
    };
    for module in modules {
        if has("OPENCV_MODULES_BUILD", module) {
            continue;
        }
        let reasons = [
            ("OPENCV_MODULES_DISABLED_USER", "an option turns it off"),
            ("OPENCV_MODULES_DISABLED_AUTO", "a module that it requires is missing"),
            ("OPENCV_MODULES_DISABLED_FORCE", "its own CMakeLists.txt turned it off"),
        ];
        let reason = reasons.iter().find(|(list, _)| has(list, module));
        bail!(
            "cmake left out the module `{module}`: {}; see `{}`",
            reason.map_or("it is not in the source tree", |(_, reason)| reason),
            log.display()
        );
    }
    Ok(())
}

fn check_macros(
    wanted: &str,
    codec_macros: &BTreeMap<String, String>,
    macros: &BTreeMap<String, String>,
) -> Result<()> {
    let parts = ["MAJOR", "MINOR", "REVISION"].map(|part| format!("CV_VERSION_{part}"));
    let parts: Option<Vec<_>> = parts.iter().map(|part| macros.get(part).cloned()).collect();
    let version = parts.map_or("of an unknown version".to_owned(), |parts| parts.join("."));
    ensure!(
        version == wanted,
        "the source is OpenCV {version}, not {wanted} as the recipe says"
    );
    for (codec, required) in codec_macros {
        ensure!(
            macros.contains_key(required),
            "cmake left out the codec `{codec}`: {required} is not defined in cvconfig.h"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::{Compiler, write_script};
    use crate::recipe::tests::recipe;
    use crate::simd_assembler::SimdAssembler;
    use crate::toolchain::Toolchain;
    use support::lock::Lock;

    #[test]
    fn dropped_module_is_reported_with_reason() {
        let cache = "OPENCV_MODULES_BUILD:INTERNAL=opencv_core;opencv_imgproc;opencv_imgcodecs\n\
                     OPENCV_MODULES_DISABLED_AUTO:INTERNAL=opencv_objdetect\n";
        let error = check_modules(&recipe().modules, cache, Path::new("b.log")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cmake left out the module `objdetect`: a module that it requires is missing; see \
             `b.log`"
        );
        let all = cache.replace("imgcodecs\n", "imgcodecs;opencv_objdetect\n");
        check_modules(&recipe().modules, &all, Path::new("b.log")).unwrap();
    }

    /// Configures with a fake cmake that records its arguments and environment, and leaves out objdetect.
    fn configure_with_fake_cmake(folder: &Path) -> Result<ConfiguredBuild> {
        let recipe = recipe();
        let tools = folder.join("tools");
        for tool in ["cmake/data/bin", "ziglang", "work/build"] {
            fs::create_dir_all(tools.join(tool)).unwrap();
        }
        let cmake = "#!/bin/sh\n\
            [ \"$1\" = --version ] && { echo cmake version 4.4.4; exit; }\n\
            [ \"$1\" = --build ] && exit\n\
            printf '%s\\n' \"$@\" > arguments\n\
            env > environment\n\
            echo 'OPENCV_MODULES_BUILD:INTERNAL=opencv_core;opencv_imgproc;opencv_imgcodecs' \
            > CMakeCache.txt\n";
        let toolchain = Toolchain::at(&tools);
        write_script(&toolchain.cmake(), cmake).unwrap();
        write_script(&toolchain.zig(), "#!/bin/sh\n").unwrap();
        let work = folder.join("work");
        let compiler = Compiler::write_scripts(&toolchain, &recipe.target, &work.join("bin"), &work)?;
        let context = BuildContext {
            recipe: &recipe,
            fingerprint: &Fingerprint::of([("a", "b".as_bytes())]),
            toolchain: &toolchain,
            compiler: &compiler,
            launcher: &crate::cmake_launcher::tests::launcher(),
            simd_assembler: &SimdAssembler::Missing,
            lock: &Lock::acquire(&folder.join("lock"), |_| ())?,
            work_dir: &work,
            output_dir: &folder.join("result"),
        };
        let tree = SourceTree::at(&folder.join("tree"));
        ConfiguredBuild::new(&tree, &CmakePlan::new(&context, &tree)?, &context)
    }

    #[test]
    fn cmake_receives_recipe_options_and_its_result_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let error = configure_with_fake_cmake(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("cmake left out the module `objdetect`"), "{error}");
        let arguments = fs::read_to_string(folder.path().join("work/build/arguments")).unwrap();
        for argument in [
            "Ninja",
            "-DBUILD_LIST=core,imgproc,imgcodecs,objdetect",
            "-DCMAKE_CXX_STANDARD=11",
            "-DCPU_BASELINE=SSE4_2",
            "-DWITH_JPEG=ON",
            "-DWITH_TIFF=OFF",
            "-DLIBJPEG_TURBO_KERNELS=none",
            "-DCMAKE_INSTALL_PREFIX=/opt/opencv",
        ] {
            assert!(
                arguments.lines().any(|line| line == argument),
                "{argument} is not in\n{arguments}"
            );
        }
    }

    #[test]
    fn cmake_environment_is_restricted_and_has_zig_cache() {
        let folder = tempfile::tempdir().unwrap();
        configure_with_fake_cmake(folder.path()).unwrap_err();
        let work = folder.path().join("work");
        let environment = fs::read_to_string(work.join("build/environment")).unwrap();
        for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            let line = format!("{name}={}", work.display());
            assert!(environment.lines().any(|entry| entry == line), "{environment}");
        }
        // Set by cargo for the test.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        assert!(!environment.contains("CARGO_PKG_NAME"), "{environment}");
    }

    #[test]
    fn wrong_version_or_missing_codec_is_an_error() {
        let proof = |codec: &str, name: &str| (codec.to_owned(), name.to_owned());
        let codec_macros: BTreeMap<_, _> = [proof("jpeg", "HAVE_JPEG"), proof("png", "HAVE_PNG")].into();
        let check = |macros: &BTreeMap<_, _>| check_macros("4.5.5", &codec_macros, macros);
        let macros = |revision: &str, codecs: &[&str]| {
            let version = [("MAJOR", "4"), ("MINOR", "5"), ("REVISION", revision)];
            let version = version.map(|(part, value)| (format!("CV_VERSION_{part}"), value));
            let codecs = codecs.iter().map(|name| ((*name).to_owned(), ""));
            let all = version.into_iter().chain(codecs);
            all.map(|(name, value)| (name, value.to_owned())).collect()
        };
        check(&macros("5", &["HAVE_JPEG", "HAVE_PNG"])).unwrap();
        let error = check(&BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("of an unknown version"), "{error}");
        let error = check(&macros("4", &[])).unwrap_err();
        assert!(error.to_string().contains("OpenCV 4.5.4, not 4.5.5"), "{error}");
        let error = check(&macros("5", &["HAVE_JPEG"])).unwrap_err();
        assert!(error.to_string().contains("left out the codec `png`"), "{error}");
    }

    #[test]
    fn build_folder_is_kept_only_for_module_and_kernel_changes() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("build/marker");
        let mut defines = BTreeMap::from([("BUILD_LIST".to_owned(), "core".to_owned())]);
        let mark = |defines: &BTreeMap<_, _>| {
            remove_if_configured_otherwise(folder.path(), "4.5.5", defines).unwrap();
            let kept = marker.exists();
            fs::create_dir_all(folder.path().join("build")).unwrap();
            fs::write(&marker, "").unwrap();
            kept
        };
        assert!(!mark(&defines));
        defines.insert("BUILD_LIST".into(), "core,imgproc".into());
        assert!(mark(&defines));
        defines.insert("LIBJPEG_TURBO_KERNELS".into(), "none".into());
        assert!(mark(&defines));
        defines.insert("CPU_BASELINE".into(), "AVX2".into());
        assert!(!mark(&defines));
    }
}
