//! Wherever an artefact is taken, one for another architecture is refused by its name.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use layer::Architecture;
use local::launch::unpack_for_launch;
use package::artefacts::base::{Base, BaseImage};
use package::artefacts::lint::check_artefact;
use package::artefacts::{write_function_image, write_function_zip, write_images};
use package::build::Build;
use package::build_function::build_function;
use package::function::Function;

pub fn test(build: &Build, host: &Build) -> Result<()> {
    let (sdk, function) = build_function(build)?;
    let (host_sdk, host_function) = build_function(host)?;
    let (ours, theirs) = (function.architecture(), host_function.architecture());
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let image = write_images(&build.workspace, &sdk, &function, &Base::Minimal)?.function;
    let host_folder = scratch.path().join("host");
    let host_image = write_function_image(&host_folder, "host:v1", &host_sdk, &host_function, &Base::Minimal)?;
    let (zip, _) = write_function_zip(&sdk, &function)?;

    // `lint`, `push` and `deploy` check what they take like this.
    for path in [image.layout.path(), &image.archive, &zip] {
        check_artefact(path, ours, true)?;
        refused(check_artefact(path, theirs, true), [ours, theirs], "an artefact")?;
    }
    let base = Base::Image(BaseImage {
        name: "base".to_owned(),
        layout: host_image.layout.path().to_owned(),
    });
    let on_base = write_function_image(scratch.path(), "on:base", &sdk, &function, &base);
    refused(on_base.map(drop), [ours, theirs], "a base")?;
    let launched = unpack_for_launch(&image, &scratch.path().join("root"), theirs);
    refused(launched.map(drop), [ours, theirs], "an image that is run locally")?;
    let libraries = function.libraries.clone();
    let program: &Path = host_function.path();
    let checked = Function::check(&function.package, libraries, program, &build.recipe.target);
    refused(checked.map(drop), [ours, theirs], "a program")
}

/// Fails unless the result is an error that names both architectures.
fn refused(result: Result<()>, architectures: [Architecture; 2], what: &str) -> Result<()> {
    let error = result
        .err()
        .with_context(|| format!("{what} for another architecture is taken"))?;
    let error = format!("{error:#}");
    let is_named = |name: Architecture| {
        [name.name(), name.lambda_name(), name.goarch()]
            .iter()
            .any(|name| error.contains(name))
    };
    ensure!(
        architectures.into_iter().all(is_named),
        "{what} for another architecture is refused without the architectures: {error}"
    );
    Ok(())
}
