//! OpenCV as it comes, with the modules and options that it has by default: what ours is compared with.
//! From a recipe, of which only version, source and target count, to static libraries and what
//! compiling each took. `data/baseline.toml` has every deviation from the defaults with its reason.

mod data;

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};

use self::data::Data;
use crate::cmake;
use crate::compiler::Compiler;
use crate::configure::Configured;
use crate::driver::Driver;
use crate::effort::Effort;
use crate::install::Installed;
use crate::kernels::Kernels;
use crate::links::LinkList;
use crate::manifest::Library;
use crate::options::{Plan, machinery};
use crate::pins::Pins;
use crate::places::Places;
use crate::recipe::Recipe;
use crate::source::SourceArchive;
use crate::target::Target;
use crate::toolchain::Toolchain;
use crate::tree::{self, SourceTree};
use crate::trim::Trim;
use crate::wheels;
use crate::workshop::Workshop;
use support::files::{PARTIAL, copy, file_size, replace, sweep, temporary_in};
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::tell;

pub use self::data::missing;

/// The code of every step, with its data.
const CODE: &str = env!("CODE_OF_BASELINE");
/// The file that says what a kept baseline is.
const FILE: &str = "baseline.json";

/// Libraries that were built, in a folder that they alone lie in.
#[derive(Clone, Debug)]
pub struct Baseline {
    folder: PathBuf,
    description: Description,
}

/// What is in the folder, as `baseline.json` there says it. No path of the machine is in it, so that
/// the folder can be moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    /// OpenCV's version.
    pub version: String,
    /// Where the libraries run.
    pub target: Target,
    /// Each static library, before those that it needs.
    pub libraries: Vec<Library>,
    /// Libraries of the system, after them.
    pub system: Vec<String>,
    /// What compiling them took.
    pub effort: Effort,
    /// Of everything that went in.
    pub fingerprint: Fingerprint,
}

impl Baseline {
    /// The baseline in `folder`, if one is there and has all of its libraries.
    fn open(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(FILE)).ok()?;
        let description: Description = serde_json::from_slice(&text).ok()?;
        let baseline = Self {
            folder: folder.to_owned(),
            description,
        };
        let mut libraries = baseline.description.libraries.iter();
        let whole = libraries.all(|library| {
            let file = fs::metadata(folder.join(&library.file));
            file.is_ok_and(|file| file.len() == library.bytes)
        });
        whole.then_some(baseline)
    }

    /// What it is.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Its static libraries, each before those that it needs.
    pub fn paths(&self) -> Vec<PathBuf> {
        let libraries = self.description.libraries.iter();
        libraries
            .map(|library| self.folder.join(&library.file))
            .collect()
    }
}

/// The baseline for the recipe's version and target, if it is there and nothing would change it.
///
/// # Errors
/// The source that the recipe names cannot be read.
pub fn present(recipe: &Recipe, places: &Places) -> Result<Option<Baseline>> {
    let source = tree::fingerprint::of(recipe, &Pins::embedded(), &Trim::stock())?;
    let wanted = fingerprint(recipe, &source);
    let found = Baseline::open(&folder(recipe, places));
    Ok(found.filter(|baseline| baseline.description.fingerprint == wanted))
}

/// Builds the baseline for the recipe's version and target, unless it is there. It takes some three
/// times as long as the recipe's own build. Waits for another build below the same places to end.
///
/// # Errors
/// Any step fails; then nothing of it is taken for done.
pub fn build(recipe: &Recipe, places: &Places, driver: &Driver) -> Result<Baseline> {
    if let Some(present) = present(recipe, places)? {
        return Ok(present);
    }
    let lock = Lock::take(&places.lock(), tell)?;
    if let Some(present) = present(recipe, places)? {
        return Ok(present);
    }
    let variant = variant(places);
    let path = folder(recipe, places);
    sweep(&variant.sdks())?;

    let work = variant.work(&recipe.target);
    let pins = Pins::embedded();
    let trim = Trim::stock();
    let source_fingerprint = tree::fingerprint::of(recipe, &pins, &trim)?;
    let toolchain = Toolchain::install(&pins, &places.toolchain())?;
    let compiler = Compiler::of(&toolchain, &recipe.target, &variant)?;
    let source = SourceArchive::fetch(recipe, &pins, &toolchain, &places.downloads())?;
    let tree = SourceTree::of(recipe, &source, None, &trim, &source_fingerprint, &work)?;
    let workshop = Workshop {
        toolchain: &toolchain,
        compiler: &compiler,
        driver,
        // OpenCV's own copy of libjpeg-turbo has no kernels.
        kernels: &Kernels::NotAsked,
        lock: &lock,
        work: &work,
    };
    workshop.start_log()?;
    let plan = plan(recipe, &workshop, &tree);
    let configured = Configured::new(&tree, &plan, &workshop)?;
    let installed = Installed::new(&configured, &workshop)?;
    let fingerprint = fingerprint(recipe, &source_fingerprint);
    keep(recipe, &installed, &work, fingerprint, &path)
}

fn variant(places: &Places) -> Places {
    places.variant("baseline", "full")
}

fn folder(recipe: &Recipe, places: &Places) -> PathBuf {
    variant(places).sdk(&recipe.target)
}

/// What cmake is told.
fn plan(recipe: &Recipe, workshop: &Workshop, tree: &SourceTree) -> Plan {
    let data = Data::embedded();
    let mut defines = data.options();
    defines.extend(machinery(&recipe.target, Vec::new(), workshop, tree));
    Plan {
        version: recipe.version.clone(),
        target: recipe.target,
        modules: data.modules,
        proofs: data.formats,
        defines,
    }
}

/// Puts the libraries and what there is to say of them into a folder, which gets its name, `path`,
/// last.
fn keep(
    recipe: &Recipe,
    installed: &Installed,
    work: &Path,
    fingerprint: Fingerprint,
    path: &Path,
) -> Result<Baseline> {
    let partial = temporary_in(path.parent().unwrap_or(Path::new(".")), PARTIAL)?;
    let folder = partial.path().join("full");

    let mut links = LinkList::of(installed.prefix())?;
    // What OpenCV calls so are names of cmake's for flags, and no libraries.
    links
        .system
        .retain(|name| !name.starts_with("ocv.3rdparty."));
    let mut libraries = Vec::new();
    for (name, from) in &links.libraries {
        let file = format!("lib{name}.a");
        let to = folder.join(&file);
        copy(from, &to)?;
        let bytes = file_size(&to)?;
        libraries.push(Library { file, bytes });
    }
    let description = Description {
        version: recipe.version.clone(),
        target: recipe.target,
        libraries,
        system: links.system,
        effort: Effort::of(work)?,
        fingerprint,
    };
    let text = serde_json::to_string_pretty(&description)? + "\n";
    fs::write(folder.join(FILE), text)?;
    replace(path, &folder, partial.path())?;
    Ok(Baseline {
        folder: path.to_owned(),
        description,
    })
}

/// Of everything that decides what is in the libraries.
fn fingerprint(recipe: &Recipe, source: &Fingerprint) -> Fingerprint {
    let tools = wheels::fingerprint(&Pins::embedded().wheel).to_string();
    Fingerprint::of([
        ("code", CODE.as_bytes()),
        ("crates", cmake::CRATES.as_bytes()),
        ("version", recipe.version.as_bytes()),
        ("target", recipe.target.key().as_bytes()),
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
    fn of_the_recipe_only_version_source_and_target_count() {
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
    fn only_a_whole_baseline_opens_and_it_may_be_moved() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("before");
        fs::create_dir(&folder).unwrap();
        let description = Description {
            version: "4.5.5".to_owned(),
            target: recipe().target,
            libraries: vec![Library {
                file: "libopencv_core.a".to_owned(),
                bytes: 4,
            }],
            system: Vec::new(),
            effort: Effort::default(),
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
        };
        fs::write(folder.join(FILE), serde_json::to_vec(&description).unwrap()).unwrap();
        assert!(Baseline::open(&folder).is_none());
        fs::write(folder.join("libopencv_core.a"), "1234").unwrap();
        let after = place.path().join("after");
        fs::rename(&folder, &after).unwrap();
        let paths = Baseline::open(&after).unwrap().paths();
        assert_eq!(paths, [after.join("libopencv_core.a")]);
        fs::write(after.join("libopencv_core.a"), "12").unwrap();
        assert!(Baseline::open(&after).is_none());
    }
}
