//! The whole way from a recipe to an SDK, cached by a fingerprint of all that goes in.

use std::time::Instant;

use anyhow::Result;

use crate::assemble::assemble;
use crate::cmake;
use crate::compiler::Compiler;
use crate::configure::Configured;
use crate::driver::Driver;
use crate::install::Installed;
use crate::kernels::Kernels;
use crate::options::Plan;
use crate::pins::Pins;
use crate::places::Places;
use crate::recipe::Recipe;
use crate::sdk::Sdk;
use crate::source::SourceArchive;
use crate::toolchain::Toolchain;
use crate::tree::{self, SourceTree};
use crate::trim::Trim;
use crate::wheels;
use crate::workshop::Workshop;
use support::files::sweep;
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::{Step, tell};

/// The code of every step, with its data: when it changes, an SDK that was made before is stale.
const CODE: &str = env!("CODE_OF_SDK");
/// The same where the recipe is instrumented.
const INSTRUMENTED_CODE: &str = env!("CODE_OF_INSTRUMENTED_SDK");

/// An SDK, and how it came to be.
#[derive(Debug)]
pub struct Built {
    /// The SDK.
    pub sdk: Sdk,
    /// Whether it was there already.
    pub cached: bool,
    /// How long that took.
    pub seconds: f64,
}

/// Builds what `recipe` asks for below `places`, unless it is there. Waits for another build
/// below the same places to end.
///
/// # Errors
/// Any step fails; then nothing of it is taken for done.
pub fn build(recipe: &Recipe, places: &Places, driver: &Driver) -> Result<Built> {
    let start = Instant::now();
    let pins = Pins::embedded();
    let trim = Trim::of(recipe);
    let source_fingerprint = tree::fingerprint::of(recipe, &pins, &trim)?;
    let kernels = Kernels::bring(recipe, &pins, &places.toolchain())?;
    let fingerprint = fingerprint(recipe, &pins, &source_fingerprint, &kernels)?;
    let path = places.sdk(&recipe.target);
    let present = || Sdk::open(&path).filter(|sdk| sdk.manifest().fingerprint == fingerprint);
    let answer = |sdk, cached| Built {
        sdk,
        cached,
        seconds: start.elapsed().as_secs_f64(),
    };
    if let Some(sdk) = present() {
        return Ok(answer(sdk, true));
    }
    let lock = Lock::take(&places.lock(), tell)?;
    if let Some(sdk) = present() {
        return Ok(answer(sdk, true));
    }
    sweep(&places.sdks())?;

    let work = places.work(&recipe.target);
    let toolchain = Toolchain::install(&pins, &places.toolchain())?;
    let compiler = Compiler::of(&toolchain, &recipe.target, places)?;
    // A target that zig does not know is said here, and not by cmake in its own words.
    compiler.libclang_arguments(&recipe.target)?;
    // libc++ is needed for the first link, long after this; it compiles on the core that
    // unpacking and configuring leave idle.
    let warming = compiler.warm_up()?;
    let source = SourceArchive::fetch(recipe, &pins, &toolchain, &places.downloads())?;
    let third_party = SourceArchive::third_party(&pins, &toolchain, &places.downloads())?;
    let tree = SourceTree::of(
        recipe,
        &source,
        Some(&third_party),
        &trim,
        &source_fingerprint,
        &work,
    )?;
    let workshop = Workshop {
        toolchain: &toolchain,
        compiler: &compiler,
        driver,
        kernels: &kernels,
        lock: &lock,
        work: &work,
    };
    workshop.start_log()?;
    let plan = Plan::of(recipe, &workshop, &tree)?;
    let configured = Configured::new(&tree, &plan, &workshop)?;
    let installed = Installed::new(&configured, &workshop)?;
    let step = Step::start("compiling libc++");
    warming.wait()?;
    drop(step);
    let sdk = assemble(
        recipe,
        &source,
        &tree,
        &installed,
        &fingerprint,
        &workshop,
        &path,
    )?;
    Ok(answer(sdk, false))
}

/// Downloads and installs what a build of `recipe` needs, so that the build finds it there.
///
/// # Errors
/// Something cannot be had.
pub fn fetch(recipe: &Recipe, places: &Places) -> Result<()> {
    let pins = Pins::embedded();
    Kernels::bring(recipe, &pins, &places.toolchain())?;
    let toolchain = Toolchain::install(&pins, &places.toolchain())?;
    SourceArchive::fetch(recipe, &pins, &toolchain, &places.downloads())?;
    SourceArchive::third_party(&pins, &toolchain, &places.downloads())?;
    Ok(())
}

/// The toolchain and compiler that built the SDK for `recipe`, for those who link against it.
pub fn tools(recipe: &Recipe, places: &Places) -> Result<(Toolchain, Compiler)> {
    let toolchain = Toolchain::install(&Pins::embedded(), &places.toolchain())?;
    let compiler = Compiler::of(&toolchain, &recipe.target, places)?;
    Ok((toolchain, compiler))
}

/// The SDK for `recipe` below `places`, if it is there and nothing would change it.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub fn present(recipe: &Recipe, places: &Places) -> Result<Option<Sdk>> {
    let pins = Pins::embedded();
    let source = tree::fingerprint::of(recipe, &pins, &Trim::of(recipe))?;
    let kernels = Kernels::find(recipe, &pins, &places.toolchain());
    let fingerprint = fingerprint(recipe, &pins, &source, &kernels)?;
    let sdk = Sdk::open(&places.sdk(&recipe.target));
    Ok(sdk.filter(|sdk| sdk.manifest().fingerprint == fingerprint))
}

/// Of everything that decides what is in the SDK.
fn fingerprint(
    recipe: &Recipe,
    pins: &Pins,
    source: &Fingerprint,
    kernels: &Kernels,
) -> Result<Fingerprint> {
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
