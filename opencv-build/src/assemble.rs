//! From what was installed to an SDK: copies what belongs into it, links and runs a program
//! against it, and only then gives it its name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::catalog::Catalog;
use crate::context::BuildContext;
use crate::driver::Job;
use crate::install::Installed;
use crate::links::LinkList;
use crate::manifest::{Library, Link, Manifest};
use crate::pack::PackJob;
use crate::packages;
use crate::probe::ProbeJob;
use crate::recipe::Haar;
use crate::sdk::Sdk;
use crate::third_party::{self, ThirdParty};
use crate::tree::SourceTree;
use crate::trim::Trim;
use support::files::{all_files, copy, copy_tree, file_size, replace};
use support::progress::Step;

/// Puts the SDK together from what was installed, links a program against it, and only then
/// gives it its name.
pub fn assemble(context: &BuildContext, tree: &SourceTree, installed: &Installed) -> Result<Sdk> {
    let recipe = context.recipe;
    let partial = context.partial()?;
    let folder = partial.path().join("sdk");

    let links = LinkList::of(installed.prefix())?;
    copy_files(installed, tree, &links, &folder)?;
    let link = Link {
        libraries: links.libraries.into_iter().map(|(name, _)| name).collect(),
        system: links.system,
        needs: links.needs,
        cxx_runtime: "c++".to_owned(),
        cxx_runtime_release: context.compiler.libcxx_release()?,
    };
    packages::write(&folder, recipe, &link)?;
    pack_cascades(context, &folder)?;
    let third_party = third_party(context, tree, &link.libraries, &folder)?;
    let files = sizes(&folder)?;
    let mut tools = context.toolchain.versions().clone();
    tools.extend(context.kernels.tool());
    let manifest = Manifest {
        schema: 1,
        version: recipe.version.clone(),
        modules: recipe.modules.clone(),
        codecs: recipe.codecs.clone(),
        target: recipe.target,
        cpu: recipe.cpu.clone(),
        haar: recipe.haar,
        cxx_standard: recipe.cxx_standard,
        libraries: libraries(&files),
        third_party,
        files,
        link,
        fingerprint: context.fingerprint.clone(),
        source: tree.source().to_owned(),
        tools,
        lacks: context.kernels.lack().into_iter().collect(),
    };
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    fs::write(folder.join("sdk.json"), text)?;
    // Fuzzers are linked with their runtimes, and are the check.
    if !recipe.instrumented {
        check(&folder, &manifest, context)?;
    }
    replace(context.result, &folder, partial.path())?;
    Ok(Sdk::assembled(context.result, manifest))
}

/// Copies what belongs into an SDK. OpenCV's own cmake and pkg-config files stay behind: they
/// name libraries by paths that the SDK does not have, and [`packages`] writes others.
fn copy_files(
    installed: &Installed,
    tree: &SourceTree,
    links: &LinkList,
    folder: &Path,
) -> Result<()> {
    let prefix = installed.prefix();
    copy_tree(&prefix.join("include"), &folder.join("include"))?;
    for (name, file) in &links.libraries {
        copy(file, &folder.join(format!("lib/lib{name}.a")))?;
    }
    let share = folder.join("share");
    for cascades in ["haarcascades", "lbpcascades"] {
        copy_tree(
            &prefix.join("share/opencv4").join(cascades),
            &share.join(cascades),
        )?;
    }
    copy_tree(&tree.path().join("samples/data"), &share.join("samples"))?;
    copy_tree(
        &prefix.join("share/licenses/opencv4"),
        &share.join("licenses"),
    )?;
    copy(
        &tree.path().join("LICENSE"),
        &share.join("licenses/opencv-LICENSE"),
    )?;
    copy(
        &tree.path().join("COPYRIGHT"),
        &share.join("licenses/opencv-COPYRIGHT"),
    )
}

/// Puts the packed form of each Haar cascade beside its file.
fn pack_cascades(context: &BuildContext, folder: &Path) -> Result<()> {
    let recipe = context.recipe;
    if !recipe.has_module("objdetect") {
        return Ok(());
    }
    let _step = Step::start("packing the cascades");
    let zig = || vec![context.toolchain.zig(), "c++".into()];
    let job = PackJob {
        compiler: if recipe.target.runs_here() {
            vec![context.compiler.cxx()]
        } else {
            zig()
        },
        cascades: folder.join("share/haarcascades"),
        models: recipe.haar == Haar::Fast,
    };
    context.run(&Job::Pack(job), |_| ())
}

/// Other people's code in the libraries, with its licences written into the SDK.
fn third_party(
    context: &BuildContext,
    tree: &SourceTree,
    libraries: &[String],
    folder: &Path,
) -> Result<Vec<ThirdParty>> {
    let recipe = context.recipe;
    let zig = context.toolchain.zig();
    let sources = third_party::Sources {
        tree,
        trim: &Trim::of(recipe),
        zig: zig.parent().unwrap_or(&zig),
        opencv: &recipe.version,
        tools: context.toolchain.versions(),
    };
    third_party::gather(&sources, &recipe.modules, libraries, folder)
}

/// The size of every file below `folder`.
fn sizes(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for path in all_files(folder)? {
        let bytes = file_size(&path)?;
        let below = path.strip_prefix(folder).unwrap_or(&path);
        sizes.insert(below.display().to_string(), bytes);
    }
    Ok(sizes)
}

fn libraries(files: &BTreeMap<String, u64>) -> Vec<Library> {
    let in_lib = files.iter().filter_map(|(path, bytes)| {
        let file = path.strip_prefix("lib/")?.to_owned();
        if !file.ends_with(".a") {
            return None;
        }
        Some(Library {
            file,
            bytes: *bytes,
        })
    });
    in_lib.collect()
}

/// Refuses an SDK in `folder` that cannot be linked as `manifest` says, or does not work.
fn check(folder: &Path, manifest: &Manifest, context: &BuildContext) -> Result<()> {
    let recipe = context.recipe;
    let _step = Step::start("linking a program against the SDK");
    let mut arguments = vec![folder.join("share").display().to_string()];
    let catalog = Catalog::embedded();
    if recipe.has_module("imgcodecs") {
        let codecs = recipe.codecs.iter().filter_map(|c| catalog.codecs.get(c));
        arguments.extend(codecs.filter_map(|codec| codec.r#try.clone()).flatten());
    }
    let link = &manifest.link;
    let job = ProbeJob {
        compiler: context.compiler.cxx(),
        triple: recipe.target.rust_triple(),
        standard: recipe.cxx_standard,
        sdk: folder.to_owned(),
        libraries: link.libraries.clone(),
        system: link.system.clone(),
        run: recipe.target.runs_here().then_some(arguments),
    };
    context
        .run(&Job::Probe(job), |_| ())
        .context("the new SDK cannot be used; it was not kept")
}
