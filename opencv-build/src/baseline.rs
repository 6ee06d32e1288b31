//! The baseline: OpenCV with its default modules and options, for comparison with our build. Uses only version, source
//! and target of a recipe; the result is static libraries and their compile times. `data/baseline.toml` lists every
//! deviation from the defaults with its reason.

#![expect(missing_docs, reason = "the names are self-explanatory")]

mod config;

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};

use self::config::BaselineConfig;
use crate::cmake;
use crate::cmake_launcher::CmakeLauncher;
use crate::cmake_options::{CmakePlan, toolchain_defines};
use crate::compile_time::CompileTime;
use crate::compiler::Compiler;
use crate::configure::ConfiguredBuild;
use crate::context::BuildContext;
use crate::error::{Error, ErrorKind, WithKind};
use crate::install::InstalledBuild;
use crate::link_list::LinkList;
use crate::manifest::Library;
use crate::paths::BuildPaths;
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::simd_assembler::SimdAssembler;
use crate::source_tree::SourceTree;
use crate::source_tree::plan::TreePlan;
use crate::target::Target;
use crate::toolchain::Toolchain;
use crate::trim::Trim;
use crate::wheels;
use support::files::{copy, file_size, remove_partial_output, replace_dir};
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::print_status;

const CODE_DIGEST: &str = env!("BASELINE_CODE_DIGEST");
const FILE: &str = "baseline.json";

/// The baseline's libraries, in a folder of their own.
#[derive(Clone, Debug)]
pub struct Baseline {
    folder: PathBuf,
    pub manifest: BaselineManifest,
}

/// The content of the folder, stored in its `baseline.json`. Contains no absolute paths, so the folder can be moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BaselineManifest {
    pub version: String,
    pub target: Target,
    /// Static libraries in link order: each before those that it needs.
    pub libraries: Vec<Library>,
    /// System libraries, to be linked after the static ones.
    pub system: Vec<String>,
    pub compile_time: CompileTime,
    /// Covers all inputs of the build.
    pub fingerprint: Fingerprint,
}

impl Baseline {
    /// The baseline for the recipe's version and target, if it exists and is up to date.
    ///
    /// # Errors
    /// The recipe's local source cannot be read.
    pub fn find_cached(recipe: &Recipe, paths: &BuildPaths) -> Result<Option<Self>, Error> {
        let plan = TreePlan::new(recipe, Pins::embedded(), Trim::upstream());
        let plan = plan.with_kind(ErrorKind::Step)?;
        let wanted = fingerprint(recipe, &plan.fingerprint);
        let found = Self::open(&variant(paths).sdk_dir(&recipe.target));
        Ok(found.filter(|baseline| baseline.manifest.fingerprint == wanted))
    }

    /// Builds the baseline for the recipe's version and target, unless it is up to date. Takes about three times as
    /// long as the recipe's own build. Waits for other builds in the same folders.
    ///
    /// # Errors
    /// A step fails; no partial result is kept.
    pub fn build(recipe: &Recipe, paths: &BuildPaths, launcher: &CmakeLauncher) -> Result<Self, Error> {
        if let Some(present) = Self::find_cached(recipe, paths)? {
            return Ok(present);
        }
        build_locked(recipe, paths, launcher).with_kind(ErrorKind::Step)
    }

    /// Features that OpenCV builds by default and the baseline lacks, each with the reason.
    pub fn missing_features() -> Vec<String> {
        BaselineConfig::embedded().missing_features()
    }

    fn open(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(FILE)).ok()?;
        let manifest: BaselineManifest = serde_json::from_slice(&text).ok()?;
        let baseline = Self {
            folder: folder.to_owned(),
            manifest,
        };
        let mut libraries = baseline.manifest.libraries.iter();
        let is_complete = libraries.all(|library| {
            let file = fs::metadata(folder.join(&library.file));
            file.is_ok_and(|file| file.len() == library.bytes)
        });
        is_complete.then_some(baseline)
    }

    /// The static libraries in link order: each before those that it needs.
    pub fn library_paths(&self) -> Vec<PathBuf> {
        let libraries = self.manifest.libraries.iter();
        libraries.map(|library| self.folder.join(&library.file)).collect()
    }
}

fn build_locked(recipe: &Recipe, paths: &BuildPaths, launcher: &CmakeLauncher) -> Result<Baseline> {
    let lock = Lock::acquire(&paths.lock_file(), print_status).with_kind(ErrorKind::Lock)?;
    if let Some(present) = Baseline::find_cached(recipe, paths)? {
        return Ok(present);
    }
    let variant = variant(paths);
    remove_partial_output(&variant.sdk_root())?;

    let work = variant.work_dir(&recipe.target);
    let pins = Pins::embedded();
    let plan = TreePlan::new(recipe, pins, Trim::upstream())?;
    let toolchain = Toolchain::install(pins, &paths.toolchain_dir())?;
    let compiler = Compiler::new(&toolchain, &recipe.target, &variant)?;
    let tree = plan.write(&toolchain, &paths.downloads_dir(), &work)?;
    let context = BuildContext {
        recipe,
        fingerprint: &fingerprint(recipe, &plan.fingerprint),
        toolchain: &toolchain,
        compiler: &compiler,
        launcher,
        // OpenCV's bundled libjpeg-turbo has no SIMD kernels.
        simd_assembler: &SimdAssembler::NotNeeded,
        lock: &lock,
        work_dir: &work,
        output_dir: &variant.sdk_dir(&recipe.target),
    };
    context.start_log()?;
    let configured = ConfiguredBuild::new(&tree, &options(&context, &tree), &context)?;
    let installed = InstalledBuild::new(&configured, &context)?;
    store(&context, &installed)
}

fn variant(paths: &BuildPaths) -> BuildPaths {
    paths.variant("baseline", "full")
}

fn options(context: &BuildContext, tree: &SourceTree) -> CmakePlan {
    let data = BaselineConfig::embedded();
    let mut defines = data.options();
    let toolchain_defines = toolchain_defines(Vec::new(), context, tree).into_iter();
    defines.extend(toolchain_defines.map(|(name, value)| (name.to_owned(), value)));
    CmakePlan {
        modules: data.modules,
        codec_macros: data.codec_macros,
        defines,
    }
}

/// Copies the libraries and writes their manifest to the context's output folder.
fn store(context: &BuildContext, installed: &InstalledBuild) -> Result<Baseline> {
    let partial = context.partial_dir()?;
    let folder = partial.path().join("full");

    let mut links = LinkList::read(&installed.prefix)?;
    // These are cmake targets for flags, not libraries.
    links.system.retain(|name| !name.starts_with("ocv.3rdparty."));
    let mut libraries = Vec::new();
    for (name, from) in &links.libraries {
        let file = format!("lib{name}.a");
        let to = folder.join(&file);
        copy(from, &to)?;
        let bytes = file_size(&to)?;
        libraries.push(Library { file, bytes });
    }
    let manifest = BaselineManifest {
        version: context.recipe.version.clone(),
        target: context.recipe.target,
        libraries,
        system: links.system,
        compile_time: CompileTime::read(context.work_dir)?,
        fingerprint: context.fingerprint.clone(),
    };
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    fs::write(folder.join(FILE), text)?;
    replace_dir(context.output_dir, &folder, partial.path())?;
    Ok(Baseline {
        folder: context.output_dir.to_owned(),
        manifest,
    })
}

fn fingerprint(recipe: &Recipe, source: &Fingerprint) -> Fingerprint {
    let tools = wheels::fingerprint(&Pins::embedded().wheel).to_string();
    Fingerprint::of([
        ("code", CODE_DIGEST.as_bytes()),
        ("crates", cmake::CRATE_VERSIONS.as_bytes()),
        ("version", recipe.version.as_bytes()),
        ("target", recipe.target.dir_name().as_bytes()),
        ("source", source.to_string().as_bytes()),
        ("tools", tools.as_bytes()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Cpu;
    use crate::recipe::tests::recipe;

    #[test]
    fn baseline_fingerprint_depends_on_version_source_and_target_only() {
        let source = Fingerprint::of([("a", "b".as_bytes())]);
        let of = |recipe: &Recipe| fingerprint(recipe, &source);
        let ours = recipe();
        let other = Recipe {
            modules: vec!["core".to_owned()],
            cpu: Cpu {
                baseline: Vec::new(),
                dispatch: Vec::new(),
            },
            ..ours.clone()
        };
        assert_eq!(of(&ours), of(&other));
        let mut arm = ours.clone();
        arm.target.architecture = crate::target::Architecture::Aarch64;
        assert_ne!(of(&ours), of(&arm));
    }

    #[test]
    fn incomplete_baseline_is_rejected_and_moved_one_opens() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("before");
        fs::create_dir(&folder).unwrap();
        let manifest = BaselineManifest {
            version: "4.5.5".to_owned(),
            target: recipe().target,
            libraries: vec![Library {
                file: "libopencv_core.a".to_owned(),
                bytes: 4,
            }],
            system: Vec::new(),
            compile_time: CompileTime::default(),
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
        };
        fs::write(folder.join(FILE), serde_json::to_vec(&manifest).unwrap()).unwrap();
        assert!(Baseline::open(&folder).is_none());
        fs::write(folder.join("libopencv_core.a"), "1234").unwrap();
        let after = place.path().join("after");
        fs::rename(&folder, &after).unwrap();
        let paths = Baseline::open(&after).unwrap().library_paths();
        assert_eq!(paths, [after.join("libopencv_core.a")]);
        fs::write(after.join("libopencv_core.a"), "12").unwrap();
        assert!(Baseline::open(&after).is_none());
    }
}
