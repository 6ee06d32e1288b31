//! The whole way from a recipe to an SDK, cached by a fingerprint of all that goes in.

use std::time::Instant;

use crate::assemble::assemble;
use crate::cmake;
use crate::compiler::Compiler;
use crate::configure::Configured;
use crate::context::BuildContext;
use crate::driver::Driver;
use crate::error::{Error, ErrorKind, OfKind};
use crate::install::Installed;
use crate::kernels::Kernels;
use crate::options::Plan;
use crate::paths::BuildPaths;
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::sdk::Sdk;
use crate::source::SourceArchive;
use crate::toolchain::Toolchain;
use crate::tree::plan::TreePlan;
use crate::trim::Trim;
use crate::wheels;
use support::files::sweep;
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::{Step, tell};

/// The code of every step, with its data: when it changes, an SDK that was made before is stale.
const CODE: &str = env!("CODE_OF_SDK");
/// The same where the recipe is instrumented.
const INSTRUMENTED_CODE: &str = env!("CODE_OF_INSTRUMENTED_SDK");

#[derive(Debug)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Built {
    pub sdk: Sdk,
    /// Whether it was there already.
    pub cached: bool,
    /// How long that took.
    pub seconds: f64,
}

/// Builds what `recipe` asks for below `paths`, unless it is there. Waits for another build in
/// the same folders to end.
///
/// # Errors
/// Any step fails; then nothing of it is taken for done.
pub fn build(recipe: &Recipe, paths: &BuildPaths, driver: &Driver) -> Result<Built, Error> {
    let start = Instant::now();
    let (sdk, cached) = built(recipe, paths, driver).of_kind(ErrorKind::Step)?;
    Ok(Built {
        sdk,
        cached,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn built(recipe: &Recipe, paths: &BuildPaths, driver: &Driver) -> anyhow::Result<(Sdk, bool)> {
    let pins = Pins::embedded();
    let plan = TreePlan::new(recipe, pins, Trim::of(recipe))?;
    let kernels = Kernels::bring(recipe, pins, &paths.toolchain())?;
    let fingerprint = fingerprint(recipe, pins, &plan.fingerprint, &kernels)?;
    let path = paths.sdk(&recipe.target);
    let present = || Sdk::open(&path).filter(|sdk| sdk.manifest().fingerprint == fingerprint);
    if let Some(sdk) = present() {
        return Ok((sdk, true));
    }
    let lock = Lock::take(&paths.lock(), tell).of_kind(ErrorKind::Lock)?;
    if let Some(sdk) = present() {
        return Ok((sdk, true));
    }
    sweep(&paths.sdks())?;

    let work = paths.work(&recipe.target);
    let toolchain = Toolchain::install(pins, &paths.toolchain())?;
    let compiler = Compiler::of(&toolchain, &recipe.target, paths)?;
    // A target that zig does not know is said here, and not by cmake in its own words.
    compiler.libclang_arguments(&recipe.target)?;
    // libc++ is needed for the first link, long after this; it compiles on the core that
    // unpacking and configuring leave idle.
    let warming = compiler.warm_up()?;
    let tree = plan.write(&toolchain, &paths.downloads(), &work)?;
    let context = BuildContext {
        recipe,
        fingerprint: &fingerprint,
        toolchain: &toolchain,
        compiler: &compiler,
        driver,
        kernels: &kernels,
        lock: &lock,
        work: &work,
        result: &path,
    };
    context.start_log()?;
    let configured = Configured::new(&tree, &Plan::of(&context, &tree)?, &context)?;
    let installed = Installed::new(&configured, &context)?;
    let step = Step::start("compiling libc++");
    warming.wait()?;
    drop(step);
    Ok((assemble(&context, &tree, &installed)?, false))
}

/// Downloads and installs what a build of `recipe` needs, so that the build finds it there.
///
/// # Errors
/// Something cannot be had.
pub fn fetch(recipe: &Recipe, paths: &BuildPaths) -> Result<(), Error> {
    let (pins, toolchain, downloads) = (Pins::embedded(), paths.toolchain(), paths.downloads());
    let fetched = || {
        Kernels::bring(recipe, pins, &toolchain)?;
        let toolchain = Toolchain::install(pins, &toolchain)?;
        SourceArchive::fetch(recipe, pins, &toolchain, &downloads)?;
        SourceArchive::third_party(pins, &toolchain, &downloads)?;
        anyhow::Ok(())
    };
    fetched().of_kind(ErrorKind::Step)
}

/// The SDK for `recipe` below `paths`, if it is there and nothing would change it.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub fn present(recipe: &Recipe, paths: &BuildPaths) -> Result<Option<Sdk>, Error> {
    let pins = Pins::embedded();
    let wanted = || {
        let plan = TreePlan::new(recipe, pins, Trim::of(recipe))?;
        let kernels = Kernels::find(recipe, pins, &paths.toolchain());
        fingerprint(recipe, pins, &plan.fingerprint, &kernels)
    };
    let wanted = wanted().of_kind(ErrorKind::Step)?;
    let sdk = Sdk::open(&paths.sdk(&recipe.target));
    Ok(sdk.filter(|sdk| sdk.manifest().fingerprint == wanted))
}

fn fingerprint(
    recipe: &Recipe,
    pins: &Pins,
    source: &Fingerprint,
    kernels: &Kernels,
) -> anyhow::Result<Fingerprint> {
    let recipe = Recipe {
        // Where the source lies does not matter; what it holds is in its own fingerprint.
        source: None,
        ..recipe.clone()
    };
    let code = if recipe.instrumented {
        INSTRUMENTED_CODE
    } else {
        CODE
    };
    Ok(Fingerprint::of([
        ("code", code.as_bytes()),
        ("crates", cmake::CRATES.as_bytes()),
        ("recipe", serde_json::to_vec(&recipe)?.as_slice()),
        (
            "tools",
            wheels::fingerprint(&pins.wheel).to_string().as_bytes(),
        ),
        ("source", source.to_string().as_bytes()),
        ("kernels", kernels.identity().as_bytes()),
    ]))
}

#[cfg(test)]
mod tests;
