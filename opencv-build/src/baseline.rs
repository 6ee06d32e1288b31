//! OpenCV as it comes, with the modules and options that it has by default: what ours is compared with.
//! From a recipe, of which only version, source and target count, to static libraries and what
//! compiling each took. `data/baseline.toml` has every deviation from the defaults with its reason.

#![expect(missing_docs, reason = "the names say what each is")]

mod data;

use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};

use self::data::Data;
use crate::cmake;
use crate::compiler::Compiler;
use crate::configure::Configured;
use crate::context::BuildContext;
use crate::driver::Driver;
use crate::effort::Effort;
use crate::error::{Error, ErrorKind, OfKind};
use crate::install::Installed;
use crate::kernels::Kernels;
use crate::links::LinkList;
use crate::manifest::Library;
use crate::options::{Plan, machinery};
use crate::paths::BuildPaths;
use crate::pins::Pins;
use crate::recipe::Recipe;
use crate::target::Target;
use crate::toolchain::Toolchain;
use crate::tree::SourceTree;
use crate::tree::plan::TreePlan;
use crate::trim::Trim;
use crate::wheels;
use support::files::{copy, file_size, replace, sweep};
use support::fingerprint::Fingerprint;
use support::lock::Lock;
use support::progress::tell;

const CODE: &str = env!("CODE_OF_BASELINE");
const FILE: &str = "baseline.json";

/// Libraries that were built, in a folder that they alone lie in.
#[derive(Clone, Debug)]
pub struct Baseline {
    folder: PathBuf,
    pub description: Description,
}

/// What is in the folder, as `baseline.json` there says it. No path of the machine is in it, so that
/// the folder can be moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    pub version: String,
    pub target: Target,
    /// Each static library, before those that it needs.
    pub libraries: Vec<Library>,
    /// Libraries of the system, after them.
    pub system: Vec<String>,
    pub effort: Effort,
    /// Of everything that went in.
    pub fingerprint: Fingerprint,
}

impl Baseline {
    /// The baseline for the recipe's version and target, if it is there and nothing would change it.
    ///
    /// # Errors
    /// The source that the recipe names cannot be read.
    pub fn present(recipe: &Recipe, paths: &BuildPaths) -> Result<Option<Self>, Error> {
        let plan = TreePlan::new(recipe, Pins::embedded(), Trim::stock());
        let plan = plan.of_kind(ErrorKind::Step)?;
        let wanted = fingerprint(recipe, &plan.fingerprint);
        let found = Self::open(&variant(paths).sdk(&recipe.target));
        Ok(found.filter(|baseline| baseline.description.fingerprint == wanted))
    }

    /// Builds the baseline for the recipe's version and target, unless it is there. It takes some three
    /// times as long as the recipe's own build. Waits for another build in the same folders to end.
    ///
    /// # Errors
    /// Any step fails; then nothing of it is taken for done.
    pub fn build(recipe: &Recipe, paths: &BuildPaths, driver: &Driver) -> Result<Self, Error> {
        if let Some(present) = Self::present(recipe, paths)? {
            return Ok(present);
        }
        built(recipe, paths, driver).of_kind(ErrorKind::Step)
    }

    /// What OpenCV builds by default and the baseline does not have, each with the reason.
    pub fn missing() -> Vec<String> {
        Data::embedded().missing()
    }

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

    /// Its static libraries, each before those that it needs.
    pub fn paths(&self) -> Vec<PathBuf> {
        let libraries = self.description.libraries.iter();
        libraries
            .map(|library| self.folder.join(&library.file))
            .collect()
    }
}

fn built(recipe: &Recipe, paths: &BuildPaths, driver: &Driver) -> Result<Baseline> {
    let lock = Lock::take(&paths.lock(), tell).of_kind(ErrorKind::Lock)?;
    if let Some(present) = Baseline::present(recipe, paths)? {
        return Ok(present);
    }
    let variant = variant(paths);
    sweep(&variant.sdks())?;

    let work = variant.work(&recipe.target);
    let pins = Pins::embedded();
    let plan = TreePlan::new(recipe, pins, Trim::stock())?;
    let toolchain = Toolchain::install(pins, &paths.toolchain())?;
    let compiler = Compiler::of(&toolchain, &recipe.target, &variant)?;
    let tree = plan.write(&toolchain, &paths.downloads(), &work)?;
    let context = BuildContext {
        recipe,
        fingerprint: &fingerprint(recipe, &plan.fingerprint),
        toolchain: &toolchain,
        compiler: &compiler,
        driver,
        // OpenCV's own copy of libjpeg-turbo has no kernels.
        kernels: &Kernels::NotAsked,
        lock: &lock,
        work: &work,
        result: &variant.sdk(&recipe.target),
    };
    context.start_log()?;
    let configured = Configured::new(&tree, &options(&context, &tree), &context)?;
    let installed = Installed::new(&configured, &context)?;
    keep(&context, &installed)
}

fn variant(paths: &BuildPaths) -> BuildPaths {
    paths.variant("baseline", "full")
}

fn options(context: &BuildContext, tree: &SourceTree) -> Plan {
    let data = Data::embedded();
    let mut defines = data.options();
    let machinery = machinery(Vec::new(), context, tree).into_iter();
    defines.extend(machinery.map(|(name, value)| (name.to_owned(), value)));
    Plan {
        modules: data.modules,
        proofs: data.formats,
        defines,
    }
}

/// Puts the libraries and what there is to say of them into the context's folder for the result.
fn keep(context: &BuildContext, installed: &Installed) -> Result<Baseline> {
    let partial = context.partial()?;
    let folder = partial.path().join("full");

    let mut links = LinkList::of(&installed.prefix)?;
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
        version: context.recipe.version.clone(),
        target: context.recipe.target,
        libraries,
        system: links.system,
        effort: Effort::of(context.work)?,
        fingerprint: context.fingerprint.clone(),
    };
    let text = serde_json::to_string_pretty(&description)? + "\n";
    fs::write(folder.join(FILE), text)?;
    replace(context.result, &folder, partial.path())?;
    Ok(Baseline {
        folder: context.result.to_owned(),
        description,
    })
}

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
