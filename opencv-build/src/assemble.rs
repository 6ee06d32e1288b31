//! From what was installed to an SDK: copies what belongs into it, links and runs a program
//! against it, and only then gives it its name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;

use crate::context::BuildContext;
use crate::install::Installed;
use crate::links::LinkList;
use crate::manifest::{Library, Link, Manifest};
use crate::pack;
use crate::packages;
use crate::probe;
use crate::sdk::Sdk;
use crate::third_party;
use crate::tree::SourceTree;
use crate::trim::Trim;
use support::files::{all_files, copy, copy_tree, file_size, replace};

pub fn assemble(context: &BuildContext, tree: &SourceTree, installed: &Installed) -> Result<Sdk> {
    let recipe = context.recipe;
    let partial = context.partial()?;
    let folder = partial.path().join("sdk");

    let links = LinkList::of(&installed.prefix)?;
    copy_files(installed, tree, &links, &folder)?;
    let link = Link {
        libraries: links.libraries.into_iter().map(|(name, _)| name).collect(),
        system: links.system,
        needs: links.needs,
        cxx_runtime: "c++".to_owned(),
        cxx_runtime_release: context.compiler.libcxx_release()?,
    };
    packages::write(&folder, recipe, &link)?;
    if recipe.has_module("objdetect") {
        pack::pack(context, &folder.join("share/haarcascades"))?;
    }
    let zig = context.toolchain.zig();
    let sources = third_party::Sources {
        tree,
        trim: &Trim::of(recipe),
        zig: zig.parent().unwrap_or(&zig),
        opencv: &recipe.version,
        tools: &context.toolchain.versions,
    };
    let third_party = third_party::gather(&sources, &recipe.modules, &link.libraries, &folder)?;
    let files = sizes(&folder)?;
    let mut tools = context.toolchain.versions.clone();
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
        source: tree.source.clone(),
        tools,
        lacks: context.kernels.lack().into_iter().collect(),
    };
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    fs::write(folder.join("sdk.json"), text)?;
    // Fuzzers are linked with their runtimes, and are the check.
    if !recipe.instrumented {
        probe::check(&folder, &manifest.link, context)?;
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
    let prefix = &installed.prefix;
    for (from, to) in [
        (prefix.join("include"), "include"),
        (
            prefix.join("share/opencv4/haarcascades"),
            "share/haarcascades",
        ),
        (
            prefix.join("share/opencv4/lbpcascades"),
            "share/lbpcascades",
        ),
        (prefix.join("share/licenses/opencv4"), "share/licenses"),
        (tree.path.join("samples/data"), "share/samples"),
    ] {
        copy_tree(&from, &folder.join(to))?;
    }
    for (name, file) in &links.libraries {
        copy(file, &folder.join(format!("lib/lib{name}.a")))?;
    }
    for name in ["LICENSE", "COPYRIGHT"] {
        let to = folder.join(format!("share/licenses/opencv-{name}"));
        copy(&tree.path.join(name), &to)?;
    }
    Ok(())
}

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
    let libraries = files.iter().filter_map(|(path, &bytes)| {
        let file = path.strip_prefix("lib/")?.to_owned();
        file.ends_with(".a").then_some(Library { file, bytes })
    });
    libraries.collect()
}
