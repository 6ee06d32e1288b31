//! Finishes an SDK from the installed files: copies them, links and runs a program against the SDK, and only then
//! moves it to its final path.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;

use crate::cascade_packer::pack_cascades;
use crate::context::BuildContext;
use crate::face_model::FaceModel;
use crate::install::InstalledBuild;
use crate::link_list::LinkList;
use crate::link_stubs;
use crate::manifest::{Library, Link, Manifest};
use crate::package_configs;
use crate::pins::Pins;
use crate::probe;
use crate::sdk::Sdk;
use crate::sdk_programs::{self, ProgramInputs};
use crate::source_tree::SourceTree;
use crate::third_party;
use crate::trim::Trim;
use support::files::{all_files, copy, copy_tree, file_size, replace_dir};

pub fn finish_sdk(
    context: &BuildContext,
    tree: &SourceTree,
    installed: &InstalledBuild,
    face_model: Option<&FaceModel<'_>>,
) -> Result<Sdk> {
    let recipe = context.recipe;
    let partial = context.partial_dir()?;
    let folder = partial.path().join("sdk");

    let links = LinkList::read(&installed.prefix)?;
    copy_files(installed, tree, &links, &folder)?;
    let link = Link {
        libraries: links.libraries.into_iter().map(|(name, _)| name).collect(),
        system: links.system,
        dependencies: links.dependencies,
        cxx_runtime: "c++".to_owned(),
        cxx_runtime_release: context.compiler.libcxx_release()?,
        optional: link_stubs::compile(context, &folder.join("lib"))?,
    };
    sdk_programs::write(
        &folder,
        Pins::embedded(),
        &ProgramInputs {
            target: &recipe.target,
            link: &link,
            fingerprint: context.fingerprint,
            libclang_arguments: &context.compiler.libclang_arguments(&recipe.target)?,
        },
    )?;
    package_configs::write(&folder, recipe, &link)?;
    if recipe.has_module("objdetect") {
        pack_cascades(context, &folder.join("share/haarcascades"))?;
    }
    if let Some(face_model) = face_model {
        face_model.write(context, &folder)?;
    }
    let mut wheel_versions = context.toolchain.versions.clone();
    wheel_versions.extend(face_model.map(FaceModel::version));
    let zig = context.toolchain.zig();
    let sources = third_party::Sources {
        tree,
        trim: &Trim::for_recipe(recipe),
        zig_dir: zig.parent().unwrap_or(&zig),
        face_model,
        opencv_version: &recipe.version,
        wheel_versions: &wheel_versions,
    };
    let third_party = third_party::collect_components(&sources, &recipe.modules, &link.libraries, &folder)?;
    let files = file_sizes(&folder)?;
    let mut tools = context.toolchain.versions.clone();
    tools.extend(context.simd_assembler.tool_version());
    let manifest = Manifest {
        schema: 2,
        version: recipe.version.clone(),
        modules: recipe.modules.clone(),
        codecs: recipe.codecs.clone(),
        decode_only: recipe.decode_only.clone(),
        target: recipe.target,
        cpu: recipe.cpu.clone(),
        haar: recipe.haar,
        cxx_standard: recipe.cxx_standard,
        libraries: library_files(&link, &files),
        third_party,
        files,
        link,
        fingerprint: context.fingerprint.clone(),
        source: tree.source.clone(),
        tools,
        degraded: context.simd_assembler.degradation().into_iter().collect(),
    };
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    fs::write(folder.join("sdk.json"), text)?;
    // An instrumented SDK needs the sanitizers' runtimes; linking the fuzzers checks it.
    if !recipe.instrumented {
        probe::check(&folder, &manifest.link, context)?;
    }
    replace_dir(context.output_dir, &folder, partial.path())?;
    Ok(Sdk::from_parts(context.output_dir, manifest))
}

/// Copies everything except OpenCV's own cmake and pkg-config files, which refer to library paths that do not exist
/// in the SDK; [`package_configs`] writes replacements.
fn copy_files(installed: &InstalledBuild, tree: &SourceTree, links: &LinkList, folder: &Path) -> Result<()> {
    let prefix = &installed.prefix;
    for (from, to) in [
        (prefix.join("include"), "include"),
        (prefix.join("share/opencv4/haarcascades"), "share/haarcascades"),
        (prefix.join("share/opencv4/lbpcascades"), "share/lbpcascades"),
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

fn file_sizes(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for path in all_files(folder)? {
        let bytes = file_size(&path)?;
        let below = path.strip_prefix(folder).unwrap_or(&path);
        sizes.insert(below.display().to_string(), bytes);
    }
    Ok(sizes)
}

fn library_files(link: &Link, files: &BTreeMap<String, u64>) -> Vec<Library> {
    let libraries = files.iter().filter_map(|(path, &bytes)| {
        let file = path.strip_prefix("lib/")?.to_owned();
        let name = file.strip_prefix("lib")?.strip_suffix(".a")?;
        (!link.optional.contains_key(name)).then_some(Library { file, bytes })
    });
    libraries.collect()
}
