//! cmake's view of a trimmed tree: from the recipe to a build folder in which every module and
//! format that the recipe names is really switched on. cmake drops what it cannot build, says so
//! in one line and succeeds; here that is an error, before anything is compiled.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::compiler::Compiler;
use crate::driver::{Driver, Job};
use crate::facts::{Facts, FactsJob};
use crate::fingerprint::Fingerprint;
use crate::lock::Lock;
use crate::progress::Step;
use crate::recipe::Recipe;
use crate::target::Architecture;
use crate::toolchain::Toolchain;
use crate::tree::SourceTree;

/// The text of the options, for fingerprints.
pub const OPTIONS: &str = include_str!("../data/cmake-options.toml");

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

/// One call of cmake through the crate of that name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CmakeJob {
    source: PathBuf,
    work: PathBuf,
    cc: PathBuf,
    cxx: PathBuf,
    triple: String,
    defines: BTreeMap<String, String>,
    configure: bool,
    goal: String,
}

impl CmakeJob {
    /// Calls cmake. Panics where cmake fails, as the crate does.
    pub(crate) fn perform(&self) {
        let compiler = |path: &Path| {
            let mut compiler = cc::Build::new();
            compiler.compiler(path);
            compiler
        };
        let mut cmake = cmake::Config::new(&self.source);
        cmake
            .generator("Ninja")
            .profile("Release")
            // The same for both, so that the crate leaves it to our options to say that and how
            // this is a cross build.
            .target(&self.triple)
            .host(&self.triple)
            .no_default_flags(true)
            .init_c_cfg(compiler(&self.cc))
            .init_cxx_cfg(compiler(&self.cxx))
            .out_dir(&self.work)
            .always_configure(self.configure)
            .env("DESTDIR", self.work.join("install"))
            .build_target(&self.goal);
        for (name, value) in &self.defines {
            cmake.define(name, value);
        }
        cmake.build();
    }

    pub(crate) fn with_goal(&self, goal: &str) -> Self {
        Self {
            configure: false,
            goal: goal.to_owned(),
            ..self.clone()
        }
    }
}

/// A build folder that will make all that the recipe names.
#[derive(Debug)]
pub struct Configured {
    pub(crate) job: CmakeJob,
    work: PathBuf,
}

/// What every stage that runs tools has at hand.
pub struct Workshop<'a> {
    /// Build tools.
    pub toolchain: &'a Toolchain,
    /// Compiler scripts.
    pub compiler: &'a Compiler,
    /// How to start a process for a tool.
    pub driver: &'a Driver,
    /// The lock that such a process holds with us.
    pub lock: &'a Lock,
    /// The folder of the tree, the build and the log.
    pub work: &'a Path,
}

impl Workshop<'_> {
    /// The log of everything that the tools print.
    pub fn log(&self) -> PathBuf {
        self.work.join("build.log")
    }

    pub(crate) fn run(&self, job: &Job, on_line: impl FnMut(&str)) -> Result<()> {
        let environment: [(&str, &Path); 2] = [
            ("CMAKE", &self.toolchain.cmake()),
            ("LIBCLANG_PATH", &self.toolchain.libclang()),
        ];
        self.driver
            .run(job, &environment, self.lock, &self.log(), on_line)
    }
}

impl Configured {
    /// Configures the build of `tree`. A build folder that was made for another compiler, CPU or
    /// option is emptied first; for other modules it is kept, and only what they change is built.
    ///
    /// # Errors
    /// cmake fails, or leaves out a module or format that the recipe names.
    pub fn new(tree: &SourceTree, recipe: &Recipe, workshop: &Workshop) -> Result<Self> {
        let defines = defines(recipe, workshop, tree);
        keep_or_empty(workshop.work, recipe, &defines)?;
        let job = CmakeJob {
            source: tree.path().to_owned(),
            work: workshop.work.to_owned(),
            cc: workshop.compiler.cc(),
            cxx: workshop.compiler.cxx(),
            triple: recipe.target.rust_triple(),
            defines,
            configure: true,
            // Builds nothing: lists what could be built.
            goal: "help".to_owned(),
        };
        let step = Step::start("configuring OpenCV");
        workshop.run(&Job::Cmake(job.clone()), |_| ())?;
        drop(step);

        let build = workshop.work.join("build");
        let cache = build.join("CMakeCache.txt");
        let text = fs::read_to_string(&cache)
            .with_context(|| format!("failed to read `{}`", cache.display()))?;
        check_modules(recipe, &text, &workshop.log())?;

        let output = workshop.work.join("facts.json");
        let headers = vec![
            tree.path()
                .join("modules/core/include/opencv2/core/version.hpp"),
            build.join("cvconfig.h"),
        ];
        let job_of_facts = FactsJob {
            headers,
            output: output.clone(),
        };
        workshop.run(&Job::Facts(job_of_facts), |_| ())?;
        let facts = Facts::read(&output)?;
        check_facts(recipe, &facts)?;
        Ok(Self {
            job,
            work: workshop.work.to_owned(),
        })
    }

    pub(crate) fn work(&self) -> &Path {
        &self.work
    }
}

/// All that cmake is told: every option that we ever set has a value in every build, so that
/// none of an earlier build is left in cmake's cache.
fn defines(recipe: &Recipe, shop: &Workshop, tree: &SourceTree) -> BTreeMap<String, String> {
    let options: Options =
        toml::from_str(OPTIONS).expect("data/cmake-options.toml is checked by a test");
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
    for (name, module) in &catalog.modules {
        for (option, value) in &module.options {
            let value = if recipe.has_module(name) {
                value
            } else {
                "OFF"
            };
            defines.insert(option.clone(), value.to_owned());
        }
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

/// Empties the build folder unless it was made with the same options, modules aside.
fn keep_or_empty(work: &Path, recipe: &Recipe, defines: &BTreeMap<String, String>) -> Result<()> {
    let mut lasting = defines.clone();
    lasting.remove("BUILD_LIST");
    let fingerprint = Fingerprint::of([
        ("version", recipe.version.as_bytes()),
        ("defines", serde_json::to_vec(&lasting)?.as_slice()),
        ("compiler", crate::compiler::SCRIPT.as_bytes()),
        ("pins", include_bytes!("../data/pins.toml").as_slice()),
    ]);
    let stamp = work.join("build.fingerprint");
    let wanted = fingerprint.to_string();
    let build = work.join("build");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    if build.exists() {
        fs::remove_dir_all(&build)
            .with_context(|| format!("failed to remove `{}`", build.display()))?;
    }
    fs::create_dir_all(work).with_context(|| format!("failed to create `{}`", work.display()))?;
    fs::write(&stamp, wanted).with_context(|| format!("failed to write `{}`", stamp.display()))
}

/// The value of an entry in cmake's cache.
fn cached<'a>(cache: &'a str, name: &str) -> &'a str {
    let entry = cache.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.split(':').next() == Some(name)).then_some(value)
    });
    entry.unwrap_or_default()
}

/// Refuses a configuration that lacks a module which the recipe names.
fn check_modules(recipe: &Recipe, cache: &str, log: &Path) -> Result<()> {
    let has = |list: &str, module: &str| {
        let name = format!("opencv_{module}");
        cached(cache, list).split(';').any(|entry| entry == name)
    };
    for module in &recipe.modules {
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

/// Refuses headers of another version, and a configuration that lacks a format.
fn check_facts(recipe: &Recipe, facts: &Facts) -> Result<()> {
    let version = facts.version();
    if version.as_deref() != Some(recipe.version.as_str()) {
        bail!(
            "the source is OpenCV {}, not {} as the recipe says",
            version.as_deref().unwrap_or("of an unknown version"),
            recipe.version
        );
    }
    let catalog = Catalog::embedded();
    for codec in &recipe.codecs {
        let proof = catalog.codecs.get(codec).and_then(|c| c.proof.as_deref());
        if let Some(proof) = proof.filter(|proof| !facts.defines(proof)) {
            bail!("cmake left out the codec `{codec}`: {proof} is not defined in cvconfig.h");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::recipe;

    #[test]
    fn a_module_that_cmake_drops_is_named_with_the_reason() {
        let cache = "OPENCV_MODULES_BUILD:INTERNAL=opencv_core;opencv_imgproc;opencv_imgcodecs\n\
                     OPENCV_MODULES_DISABLED_AUTO:INTERNAL=opencv_objdetect\n";
        let error = check_modules(&recipe(), cache, Path::new("b.log")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cmake left out the module `objdetect`: a module that it requires is missing; see \
             `b.log`"
        );
        let all = cache.replace("imgcodecs\n", "imgcodecs;opencv_objdetect\n");
        check_modules(&recipe(), &all, Path::new("b.log")).unwrap();
    }

    #[test]
    fn another_version_or_a_missing_format_is_refused() {
        let facts = |version: [i64; 3], macros: &[&str]| {
            Facts::of(
                [
                    "CV_VERSION_MAJOR",
                    "CV_VERSION_MINOR",
                    "CV_VERSION_REVISION",
                ]
                .into_iter()
                .zip(version),
                macros.iter().copied(),
            )
        };
        check_facts(&recipe(), &facts([4, 5, 5], &["HAVE_JPEG", "HAVE_PNG"])).unwrap();
        let error = check_facts(&recipe(), &facts([4, 5, 4], &[])).unwrap_err();
        assert!(
            error.to_string().contains("OpenCV 4.5.4, not 4.5.5"),
            "{error}"
        );
        let error = check_facts(&recipe(), &facts([4, 5, 5], &["HAVE_JPEG"])).unwrap_err();
        assert!(
            error.to_string().contains("left out the codec `png`"),
            "{error}"
        );
    }

    #[test]
    fn every_group_of_options_has_a_reason() {
        let options: Options = toml::from_str(OPTIONS).unwrap();
        assert!(options.group.len() > 5);
    }

    #[test]
    fn only_modules_keep_the_build_folder() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("build/marker");
        let mut defines = BTreeMap::from([("BUILD_LIST".to_owned(), "core".to_owned())]);
        let mark = |defines: &BTreeMap<_, _>| {
            keep_or_empty(folder.path(), &recipe(), defines).unwrap();
            let kept = marker.exists();
            fs::create_dir_all(folder.path().join("build")).unwrap();
            fs::write(&marker, "").unwrap();
            kept
        };
        assert!(!mark(&defines));
        defines.insert("BUILD_LIST".into(), "core,imgproc".into());
        assert!(mark(&defines));
        defines.insert("CPU_BASELINE".into(), "AVX2".into());
        assert!(!mark(&defines));
    }
}
