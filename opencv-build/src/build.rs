//! The whole way from a recipe to an SDK, cached by a fingerprint of all that goes in.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::assemble::assemble;
use crate::catalog;
use crate::compiler::{self, Compiler};
use crate::configure::Configured;
use crate::driver::Driver;
use crate::install::Installed;
use crate::instrument;
use crate::kernels::Kernels;
use crate::options::{self, Plan};
use crate::overlay;
use crate::pack;
use crate::packages;
use crate::pins::Pins;
use crate::places::Places;
use crate::probe;
use crate::recipe::Recipe;
use crate::sdk::Sdk;
use crate::source::SourceArchive;
use crate::third_party;
use crate::toolchain::Toolchain;
use crate::tree::SourceTree;
use crate::trim::{self, Trim};
use crate::wheels;
use crate::workshop::Workshop;
use support::files::sweep;
use support::fingerprint::{Fingerprint, sha256_of_file};
use support::lock::Lock;
use support::progress::{Step, tell};

/// The code that decides what is in an SDK: when it changes, an SDK of the code before is not used.
const CODE: [&str; 12] = [
    include_str!("assemble.rs"),
    include_str!("cascades.rs"),
    include_str!("cmake.rs"),
    include_str!("compiler.rs"),
    include_str!("kernels.rs"),
    include_str!("links.rs"),
    include_str!("options.rs"),
    include_str!("pack.rs"),
    include_str!("probe.rs"),
    include_str!("target.rs"),
    include_str!("third_party.rs"),
    include_str!("trim.rs"),
];

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
    let source_fingerprint = source_fingerprint(recipe, &pins, &trim)?;
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
    let compiler = compiler_for(recipe, &toolchain, places)?;
    // A target that zig does not know is said here, and not by cmake in its own words.
    compiler.libclang_arguments(&recipe.target)?;
    // libc++ is needed for the first link, long after this; it compiles on the core that
    // unpacking and configuring leave idle.
    let warming = compiler.warm_up()?;
    let source = SourceArchive::fetch(recipe, &pins, &toolchain, &places.downloads())?;
    let third_party = SourceArchive::third_party(&pins, &toolchain, &places.downloads())?;
    let tree = write_tree(
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
    start_log(&workshop.log())?;
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

/// The toolchain and compiler that built the SDK for `recipe`, for those who link against it.
pub fn tools(recipe: &Recipe, places: &Places) -> Result<(Toolchain, Compiler)> {
    let toolchain = Toolchain::install(&Pins::embedded(), &places.toolchain())?;
    let compiler = compiler_for(recipe, &toolchain, places)?;
    Ok((toolchain, compiler))
}

/// The SDK for `recipe` below `places`, if it is there and nothing would change it.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub fn present(recipe: &Recipe, places: &Places) -> Result<Option<Sdk>> {
    let pins = Pins::embedded();
    let source = source_fingerprint(recipe, &pins, &Trim::of(recipe))?;
    let kernels = Kernels::find(recipe, &pins, &places.toolchain());
    let fingerprint = fingerprint(recipe, &pins, &source, &kernels)?;
    let sdk = Sdk::open(&places.sdk(&recipe.target));
    Ok(sdk.filter(|sdk| sdk.manifest().fingerprint == fingerprint))
}

/// Writes the tree that is built; refuses a source that is no longer the one of `fingerprint`.
pub(crate) fn write_tree(
    recipe: &Recipe,
    source: &SourceArchive,
    third_party: Option<&SourceArchive>,
    trim: &Trim,
    fingerprint: &Fingerprint,
    work: &Path,
) -> Result<SourceTree> {
    let tree = SourceTree::write(source, third_party, trim, fingerprint, work)?;
    if source_fingerprint(recipe, &Pins::embedded(), trim)? != *fingerprint {
        tree.forget()?;
        bail!(
            "the {} changed while it was read; run this again",
            source.description()
        );
    }
    Ok(tree)
}

pub(crate) fn compiler_for(
    recipe: &Recipe,
    toolchain: &Toolchain,
    places: &Places,
) -> Result<Compiler> {
    let folder = places.work(&recipe.target).join("bin");
    let cache = places.toolchain().join("zig-cache");
    Compiler::prepare(toolchain, &recipe.target, &folder, &cache)
}

/// Of everything that decides what is in the tree.
pub(crate) fn source_fingerprint(recipe: &Recipe, pins: &Pins, trim: &Trim) -> Result<Fingerprint> {
    let content = match &recipe.source {
        None => serde_json::to_string(&pins.source(&recipe.version).map(|s| &s.origin))?,
        Some(named) if named.path.is_dir() => trim.digest_of(&named.path)?,
        Some(named) => sha256_of_file(&named.path)?,
    };
    let overlay: String = overlay::FILES.iter().map(|(_, text)| *text).collect();
    Ok(Fingerprint::of([
        ("content", content.as_bytes()),
        ("trim", format!("{trim:?}").as_bytes()),
        ("cuts", trim::TEXT.as_bytes()),
        ("overlay", overlay.as_bytes()),
        (
            "third party",
            serde_json::to_vec(&pins.third_party)?.as_slice(),
        ),
    ]))
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
    let instruments = if recipe.instrumented {
        instrument::identity()
    } else {
        String::new()
    };
    Ok(Fingerprint::of([
        ("code", CODE.concat().as_bytes()),
        ("instruments", instruments.as_bytes()),
        ("packages", packages::CODE.concat().as_bytes()),
        ("package texts", packages::TEMPLATES.concat().as_bytes()),
        ("recipe", serde_json::to_vec(&recipe)?.as_slice()),
        (
            "tools",
            wheels::fingerprint(&pins.wheel).to_string().as_bytes(),
        ),
        ("source", source.to_string().as_bytes()),
        ("modules", catalog::MODULES.as_bytes()),
        ("codecs", catalog::CODECS.as_bytes()),
        ("options", options::TEXT.as_bytes()),
        ("third party", third_party::TEXT.as_bytes()),
        ("compiler", compiler::SCRIPT.as_bytes()),
        ("kernels", kernels.identity().as_bytes()),
        ("probe", probe::PROGRAM.as_bytes()),
        ("packer", pack::PROGRAM.as_bytes()),
    ]))
}

/// Starts the log anew; the one before is kept beside it.
pub(crate) fn start_log(log: &Path) -> Result<()> {
    if log.exists() {
        fs::rename(log, log.with_extension("log.before"))
            .with_context(|| format!("failed to rename `{}`", log.display()))?;
    }
    Ok(())
}
