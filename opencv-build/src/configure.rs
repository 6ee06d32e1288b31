//! cmake's view of a source tree: from a plan to a build folder in which every module and format
//! that the plan names is really switched on. cmake drops what it cannot build, says so
//! in one line and succeeds; here that is an error, before anything is compiled.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;

use crate::cmake::{self, CmakeJob};
use crate::context::BuildContext;
use crate::options::Plan;
use crate::tree::SourceTree;
use support::files::{remove_if_there, remove_unfinished};
use support::fingerprint::Fingerprint;
use support::progress::Step;

#[derive(Debug)]
pub struct Configured {
    pub(crate) job: CmakeJob,
}

impl Configured {
    /// Configures the build of `tree`. A build folder that was made for another compiler, CPU or
    /// option is emptied first; for other modules and kernels it is kept, and only what they change is built.
    pub(crate) fn new(tree: &SourceTree, plan: &Plan, context: &BuildContext) -> Result<Self> {
        let recipe = context.recipe;
        keep_or_empty(context.work, &recipe.version, &plan.defines)?;
        remove_unfinished(&context.work.join("build"))?;
        let job = CmakeJob {
            source: tree.path.clone(),
            work: context.work.to_owned(),
            cc: context.compiler.cc(),
            cxx: context.compiler.cxx(),
            triple: recipe.target.rust_triple(),
            defines: plan.defines.clone(),
            configure: true,
            // Builds nothing: lists what could be built.
            goal: "help".to_owned(),
        };
        let step = Step::start("configuring OpenCV");
        context.cmake(&job, |_| ())?;
        drop(step);

        let build = context.work.join("build");
        let cache = build.join("CMakeCache.txt");
        let text = fs::read_to_string(&cache)?;
        check_modules(&plan.modules, &text, &context.log())?;

        let version = "modules/core/include/opencv2/core/version.hpp";
        let headers = [tree.path.join(version), build.join("cvconfig.h")];
        let included = headers
            .iter()
            .flat_map(|h| [OsStr::new("-include"), h.as_os_str()]);
        let macros = context.compiler.macros(included);
        let macros = macros.context("failed to read OpenCV's headers")?;
        check_macros(&recipe.version, &plan.proofs, &macros)?;
        Ok(Self { job })
    }
}

/// Empties the build folder unless it was made with the same options, modules and kernels aside.
fn keep_or_empty(work: &Path, version: &str, defines: &BTreeMap<String, String>) -> Result<()> {
    let mut lasting = defines.clone();
    // What these change, ninja finds out by itself.
    lasting.retain(|name, _| name != "BUILD_LIST" && !name.starts_with("LIBJPEG_TURBO_"));
    // Compiler and tools are among the options, by paths in which their digests are.
    let fingerprint = Fingerprint::of([
        ("call", cmake::CODE.as_bytes()),
        ("crates", cmake::CRATES.as_bytes()),
        ("version", version.as_bytes()),
        ("defines", serde_json::to_vec(&lasting)?.as_slice()),
    ]);
    let stamp = work.join("build.fingerprint");
    let wanted = fingerprint.to_string();
    let build = work.join("build");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    // The stamp goes first: a folder that is removed in part must not fit it.
    remove_if_there(&stamp)?;
    if build.exists() {
        fs::remove_dir_all(&build)?;
    }
    fs::create_dir_all(work)?;
    Ok(fs::write(&stamp, wanted)?)
}

fn cached<'a>(cache: &'a str, name: &str) -> &'a str {
    let entry = cache.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.split(':').next() == Some(name)).then_some(value)
    });
    entry.unwrap_or_default()
}

fn check_modules(modules: &[String], cache: &str, log: &Path) -> Result<()> {
    let has = |list: &str, module: &str| {
        let name = format!("opencv_{module}");
        cached(cache, list).split(';').any(|entry| entry == name)
    };
    for module in modules {
        if has("OPENCV_MODULES_BUILD", module) {
            continue;
        }
        let reasons = [
            ("OPENCV_MODULES_DISABLED_USER", "an option turns it off"),
            (
                "OPENCV_MODULES_DISABLED_AUTO",
                "a module that it requires is missing",
            ),
            (
                "OPENCV_MODULES_DISABLED_FORCE",
                "its own CMakeLists.txt turned it off",
            ),
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
    proofs: &BTreeMap<String, String>,
    macros: &BTreeMap<String, String>,
) -> Result<()> {
    let parts = ["MAJOR", "MINOR", "REVISION"].map(|part| format!("CV_VERSION_{part}"));
    let parts: Option<Vec<_>> = parts.iter().map(|part| macros.get(part).cloned()).collect();
    let version = parts.map_or("of an unknown version".to_owned(), |parts| parts.join("."));
    ensure!(
        version == wanted,
        "the source is OpenCV {version}, not {wanted} as the recipe says"
    );
    for (codec, proof) in proofs {
        ensure!(
            macros.contains_key(proof),
            "cmake left out the codec `{codec}`: {proof} is not defined in cvconfig.h"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::{Compiler, write_script};
    use crate::kernels::Kernels;
    use crate::recipe::tests::recipe;
    use crate::toolchain::Toolchain;
    use support::lock::Lock;

    #[test]
    fn a_module_that_cmake_drops_is_named_with_the_reason() {
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

    /// Configures with a cmake that writes down what it is told, and leaves out objdetect.
    fn configure_with_a_stand_in(folder: &Path) -> Result<Configured> {
        let recipe = recipe();
        let tools = folder.join("tools");
        for tool in ["cmake/data/bin", "ziglang", "work/build"] {
            fs::create_dir_all(tools.join(tool)).unwrap();
        }
        let cmake = "#!/bin/sh\n\
            [ \"$1\" = --version ] && { echo cmake version 4.4.4; exit; }\n\
            [ \"$1\" = --build ] && exit\n\
            printf '%s\\n' \"$@\" > told\n\
            env > seen\n\
            echo 'OPENCV_MODULES_BUILD:INTERNAL=opencv_core;opencv_imgproc;opencv_imgcodecs' \
            > CMakeCache.txt\n";
        let toolchain = Toolchain::at(&tools);
        write_script(&toolchain.cmake(), cmake).unwrap();
        write_script(&toolchain.zig(), "#!/bin/sh\n").unwrap();
        let work = folder.join("work");
        let compiler = Compiler::prepare(&toolchain, &recipe.target, &work.join("bin"), &work)?;
        let context = BuildContext {
            recipe: &recipe,
            fingerprint: &Fingerprint::of([("a", "b".as_bytes())]),
            toolchain: &toolchain,
            compiler: &compiler,
            driver: &crate::driver::tests::driver(),
            kernels: &Kernels::None,
            lock: &Lock::take(&folder.join("lock"), |_| ())?,
            work: &work,
            result: &folder.join("result"),
        };
        let tree = SourceTree::at(&folder.join("tree"));
        Configured::new(&tree, &Plan::of(&context, &tree)?, &context)
    }

    #[test]
    fn cmake_is_told_the_recipe_and_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let error = configure_with_a_stand_in(folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cmake left out the module `objdetect`"),
            "{error}"
        );
        let told = fs::read_to_string(folder.path().join("work/build/told")).unwrap();
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
                told.lines().any(|line| line == argument),
                "{argument} is not in\n{told}"
            );
        }
    }

    #[test]
    fn cmake_sees_the_variables_that_are_allowed_and_where_zig_keeps_things() {
        let folder = tempfile::tempdir().unwrap();
        configure_with_a_stand_in(folder.path()).unwrap_err();
        let work = folder.path().join("work");
        let seen = fs::read_to_string(work.join("build/seen")).unwrap();
        for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            let line = format!("{name}={}", work.display());
            assert!(seen.lines().any(|seen| seen == line), "{seen}");
        }
        // cargo has set this one for the test.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        assert!(!seen.contains("CARGO_PKG_NAME"), "{seen}");
    }

    #[test]
    fn another_version_or_a_missing_format_is_refused() {
        let proof = |codec: &str, name: &str| (codec.to_owned(), name.to_owned());
        let proofs: BTreeMap<_, _> = [proof("jpeg", "HAVE_JPEG"), proof("png", "HAVE_PNG")].into();
        let check = |macros: &BTreeMap<_, _>| check_macros("4.5.5", &proofs, macros);
        let macros = |revision: &str, codecs: &[&str]| {
            let version = [("MAJOR", "4"), ("MINOR", "5"), ("REVISION", revision)];
            let version = version.map(|(part, value)| (format!("CV_VERSION_{part}"), value));
            let codecs = codecs.iter().map(|name| ((*name).to_owned(), ""));
            let all = version.into_iter().chain(codecs);
            all.map(|(name, value)| (name, value.to_owned())).collect()
        };
        check(&macros("5", &["HAVE_JPEG", "HAVE_PNG"])).unwrap();
        let error = check(&BTreeMap::new()).unwrap_err();
        assert!(
            error.to_string().contains("of an unknown version"),
            "{error}"
        );
        let error = check(&macros("4", &[])).unwrap_err();
        assert!(
            error.to_string().contains("OpenCV 4.5.4, not 4.5.5"),
            "{error}"
        );
        let error = check(&macros("5", &["HAVE_JPEG"])).unwrap_err();
        assert!(
            error.to_string().contains("left out the codec `png`"),
            "{error}"
        );
    }

    #[test]
    fn only_modules_and_kernels_keep_the_build_folder() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("build/marker");
        let mut defines = BTreeMap::from([("BUILD_LIST".to_owned(), "core".to_owned())]);
        let mark = |defines: &BTreeMap<_, _>| {
            keep_or_empty(folder.path(), "4.5.5", defines).unwrap();
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
