//! All build steps from a recipe to an SDK, cached by a fingerprint of all inputs.

use std::time::Instant;

use crate::cmake;
use crate::cmake_launcher::CmakeLauncher;
use crate::cmake_options::CmakePlan;
use crate::compiler::Compiler;
use crate::configure::ConfiguredBuild;
use crate::context::BuildContext;
use crate::error::{Error, ErrorKind, WithKind};
use crate::face_model::FaceModel;
use crate::finish_sdk::finish_sdk;
use crate::install::InstalledBuild;
use crate::paths::BuildPaths;
use crate::pins::Pins;
use crate::pulled_sdk::{self, PullSdk, SdkOrigin};
use crate::recipe::Recipe;
use crate::sdk::Sdk;
use crate::simd_assembler::SimdAssembler;
use crate::source::SourceArchive;
use crate::source_tree::plan::TreePlan;
use crate::toolchain::Toolchain;
use crate::trim::Trim;
use crate::wheels;
use support::files::remove_partial_output;
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::{ProgressStep, print_status};

/// Covers the code and data of every build step: an SDK built with another digest is stale.
const CODE_DIGEST: &str = env!("SDK_CODE_DIGEST");
/// The digest for instrumented recipes.
const SANITIZED_CODE_DIGEST: &str = env!("SANITIZED_SDK_CODE_DIGEST");

#[derive(Debug)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct BuildOutcome {
    pub sdk: Sdk,
    pub origin: SdkOrigin,
    /// Why an SDK that was built elsewhere could not be used, if that failed.
    pub pull_failure: Option<String>,
    pub seconds: f64,
}

/// Builds the SDK for `recipe` in `paths`, unless it is up to date. Waits for other builds in the same folders.
///
/// # Errors
/// A step fails; no partial result is kept.
pub fn build(recipe: &Recipe, paths: &BuildPaths, launcher: &CmakeLauncher) -> Result<BuildOutcome, Error> {
    build_or_pull(recipe, paths, launcher, &|_, _| Ok(false))
}

/// Like [`build()`], but uses the SDK that `pull` provides instead of building it, if that has the same fingerprint and
/// exactly the files of its manifest. Otherwise prints a warning, and builds.
///
/// # Errors
/// A step fails; no partial result is kept.
pub fn build_or_pull(
    recipe: &Recipe,
    paths: &BuildPaths,
    launcher: &CmakeLauncher,
    pull: &PullSdk<'_>,
) -> Result<BuildOutcome, Error> {
    let start = Instant::now();
    let mut pull_failure = None;
    let done = build_unless_present(recipe, paths, launcher, &mut |fingerprint| {
        pulled_sdk::pull(pull, recipe, fingerprint, paths).unwrap_or_else(|reason| {
            pull_failure = Some(reason);
            None
        })
    });
    let (sdk, origin) = done.with_kind(ErrorKind::Step)?;
    Ok(BuildOutcome {
        sdk,
        origin,
        pull_failure,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn build_unless_present(
    recipe: &Recipe,
    paths: &BuildPaths,
    launcher: &CmakeLauncher,
    pull: &mut dyn FnMut(&Fingerprint) -> Option<Sdk>,
) -> anyhow::Result<(Sdk, SdkOrigin)> {
    let pins = Pins::embedded();
    let plan = TreePlan::new(recipe, pins, Trim::for_recipe(recipe))?;
    let simd_assembler = SimdAssembler::install(recipe, pins, &paths.toolchain_dir())?;
    let fingerprint = fingerprint(recipe, pins, &plan.fingerprint, &simd_assembler)?;
    let path = paths.sdk_dir(&recipe.target);
    let present = || Sdk::open(&path).filter(|sdk| sdk.manifest().fingerprint == fingerprint);
    if let Some(sdk) = present() {
        return Ok((sdk, SdkOrigin::Cached));
    }
    let lock = Lock::acquire(&paths.lock_file(), print_status).with_kind(ErrorKind::Lock)?;
    if let Some(sdk) = present() {
        return Ok((sdk, SdkOrigin::Cached));
    }
    remove_partial_output(&paths.sdk_root())?;
    if let Some(sdk) = pull(&fingerprint) {
        return Ok((sdk, SdkOrigin::Pulled));
    }

    let work = paths.work_dir(&recipe.target);
    let toolchain = Toolchain::install(pins, &paths.toolchain_dir())?;
    let face_model = FaceModel::install(recipe, pins, &paths.toolchain_dir())?;
    let compiler = Compiler::new(&toolchain, &recipe.target, paths)?;
    // Fails early for a target that zig does not support: cmake's error would not name the cause.
    compiler.libclang_arguments(&recipe.target)?;
    // libc++ is needed only for the first link, much later: it compiles on cores that extracting and configuring leave
    // idle.
    let libcxx_build = compiler.start_libcxx_build()?;
    let tree = plan.write(&toolchain, &paths.downloads_dir(), &work)?;
    let context = BuildContext {
        recipe,
        fingerprint: &fingerprint,
        toolchain: &toolchain,
        compiler: &compiler,
        launcher,
        simd_assembler: &simd_assembler,
        lock: &lock,
        work_dir: &work,
        output_dir: &path,
    };
    context.start_log()?;
    let configured = ConfiguredBuild::new(&tree, &CmakePlan::new(&context, &tree)?, &context)?;
    let installed = InstalledBuild::new(&configured, &context)?;
    let step = ProgressStep::start("compiling libc++");
    libcxx_build.wait()?;
    drop(step);
    let sdk = finish_sdk(&context, &tree, &installed, face_model.as_ref())?;
    Ok((sdk, SdkOrigin::Built))
}

/// Downloads the sources and weights and installs the tools that a build of `recipe` needs, so that the build works
/// offline.
///
/// # Errors
/// A download or an installation fails.
pub fn fetch(recipe: &Recipe, paths: &BuildPaths) -> Result<(), Error> {
    let (pins, toolchain, downloads) = (Pins::embedded(), paths.toolchain_dir(), paths.downloads_dir());
    let fetched = || {
        SimdAssembler::install(recipe, pins, &toolchain)?;
        FaceModel::install(recipe, pins, &toolchain)?;
        let toolchain = Toolchain::install(pins, &toolchain)?;
        SourceArchive::fetch(recipe, pins, &toolchain, &downloads)?;
        SourceArchive::fetch_third_party(pins, &toolchain, &downloads)?;
        anyhow::Ok(())
    };
    fetched().with_kind(ErrorKind::Step)
}

/// The SDK for `recipe` in `paths`, if it exists and is up to date.
///
/// # Errors
/// The recipe's local source cannot be read.
pub fn find_cached(recipe: &Recipe, paths: &BuildPaths) -> Result<Option<Sdk>, Error> {
    let pins = Pins::embedded();
    let wanted = || {
        let plan = TreePlan::new(recipe, pins, Trim::for_recipe(recipe))?;
        let simd_assembler = SimdAssembler::find(recipe, pins, &paths.toolchain_dir());
        fingerprint(recipe, pins, &plan.fingerprint, &simd_assembler)
    };
    let wanted = wanted().with_kind(ErrorKind::Step)?;
    let sdk = Sdk::open(&paths.sdk_dir(&recipe.target));
    Ok(sdk.filter(|sdk| sdk.manifest().fingerprint == wanted))
}

fn fingerprint(
    recipe: &Recipe,
    pins: &Pins,
    source: &Fingerprint,
    simd_assembler: &SimdAssembler,
) -> anyhow::Result<Fingerprint> {
    let recipe = Recipe {
        // The path of a local source does not matter; its content has its own fingerprint.
        source: None,
        ..recipe.clone()
    };
    let code = if recipe.instrumented {
        SANITIZED_CODE_DIGEST
    } else {
        CODE_DIGEST
    };
    Ok(Fingerprint::of([
        ("code", code.as_bytes()),
        ("crates", cmake::CRATE_VERSIONS.as_bytes()),
        ("recipe", serde_json::to_vec(&recipe)?.as_slice()),
        ("tools", wheels::fingerprint(&pins.wheel).to_string().as_bytes()),
        (
            "face model",
            serde_json::to_vec(&FaceModel::pin(&recipe, pins))?.as_slice(),
        ),
        ("source", source.to_string().as_bytes()),
        ("simd assembler", simd_assembler.cache_key().as_bytes()),
    ]))
}

#[cfg(test)]
mod tests;
