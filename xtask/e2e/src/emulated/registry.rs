//! The function's images of both architectures in a registry, with an index of them.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use conformance::skip::Skip;
use layer::{Architecture, Layout};
use layer_registry::push_index;
use package::artefacts::base::Base;
use package::artefacts::write_function_image;
use package::build::Build;
use package::build_function::build_function;
use serde_json::Value;
use support::run::{Shell, cmd, output};

use crate::programs;
use crate::registries::{Registry, registry_image};

/// The command `image` and the library push the same index, from which each tool gets the image for its architecture.
pub fn test(build: &Build, host: &Build) -> Result<()> {
    let sh = Shell::new()?;
    if output(cmd!(sh, "skopeo --version")).is_err() {
        let reason = "skopeo is not installed; ci/install-packages.sh installs it";
        return Err(Skip::with_reason(reason.to_owned()));
    }
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut layouts = Vec::new();
    for build in [host, build] {
        let (sdk, function) = build_function(build)?;
        let folder = scratch.path().join("images").join(function.architecture().name());
        let image = write_function_image(&folder, "function:v1", &sdk, &function, &Base::Minimal)?;
        layouts.push((function.architecture(), image.layout));
    }
    let folders: Vec<PathBuf> = layouts.iter().map(|(_, layout)| layout.path().to_owned()).collect();
    let registry = Registry::start(scratch.path(), None)?;
    let reference = format!("{}/both/function:v1", registry.address());
    let (index, images) = push_index(&registry_image(&reference)?, &folders, &|_| ())?;

    let found = layer_registry::resolve(&registry_image(&reference)?)?;
    ensure!(found == index, "the tag is {found} instead of the index {index}");
    for ((architecture, layout), digest) in layouts.iter().zip(&images) {
        ensure!(
            *digest == layout.image().digest(),
            "the image for {architecture} has another digest in the registry"
        );
        let to = scratch.path().join(architecture.name());
        layer_registry::pull(&registry_image(&reference)?, &to, Some(*architecture), &|_| ())?;
        let pulled = Layout::open(&to, *architecture)?;
        ensure!(
            pulled.image().digest() == *digest,
            "another image is pulled for {architecture}"
        );
        inspect(&reference, *architecture)?;
    }
    let reference = format!("{}/both/command:v1", registry.address());
    let pushed = push_by_command(&reference)?;
    for (architecture, digest) in layouts.iter().map(|(architecture, _)| architecture).zip(images) {
        let listed = pushed["images"].as_array().into_iter().flatten();
        let mut listed = listed.filter(|image| image["architecture"] == architecture.name());
        ensure!(
            listed.next().is_some_and(|image| image["digest"] == digest.to_string()),
            "`image --arch all` prints no {digest} for {architecture}: {pushed}"
        );
        inspect(&reference, *architecture)?;
    }
    Ok(())
}

fn push_by_command(reference: &str) -> Result<Value> {
    let (sh, program) = (Shell::new()?, programs::xtask()?);
    let text = output(cmd!(sh, "{program} --json image --arch all --push {reference}"))?;
    let printed: Value = serde_json::from_str(&text)?;
    Ok(printed["pushed"].clone())
}

/// skopeo selects the image for the architecture.
fn inspect(reference: &str, architecture: Architecture) -> Result<()> {
    let (sh, name) = (Shell::new()?, architecture.goarch());
    let seen = output(cmd!(
        sh,
        "skopeo inspect --tls-verify=false --override-os linux --override-arch {name} docker://{reference}"
    ))?;
    let seen: Value = serde_json::from_str(&seen)?;
    ensure!(
        seen["Architecture"] == name,
        "skopeo selects the image for {} instead of {name}",
        seen["Architecture"]
    );
    Ok(())
}
