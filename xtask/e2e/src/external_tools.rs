//! skopeo, Docker and Python's `zipfile` accept the artefacts.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::Value;

use conformance::skip::Skip;
use local::engine;
use package::artefacts::base::Base;
use package::artefacts::{WrittenImage, write_function_zip, write_images};
use package::workspace::Workspace;
use support::interruption::Cleanup;
use support::run::{Shell, cmd, output};

/// skopeo inspects and copies the layouts, and the archives as both OCI and Docker archives.
pub fn skopeo(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let sh = Shell::new()?;
    if output(cmd!(sh, "skopeo --version")).is_err() {
        return Err(Skip::with_reason("skopeo is not installed".to_owned()));
    }
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let images = write_images(workspace, sdk, function, &Base::Minimal)?;
    for (number, image) in images.all().into_iter().enumerate() {
        let (layout, archive) = (image.layout.path().display(), image.archive.display());
        let digest = image.layout.image().digest().to_string();
        let sources = [
            (format!("oci:{layout}:latest"), true),
            (format!("oci-archive:{archive}:latest"), true),
            // skopeo creates a manifest of its own for Docker archives.
            (format!("docker-archive:{archive}"), false),
        ];
        for (at, (source, same)) in sources.iter().enumerate() {
            let shown = output(cmd!(sh, "skopeo inspect {source}"))?;
            let shown: Value = serde_json::from_str(&shown)?;
            ensure!(
                !same || shown["Digest"] == digest.as_str(),
                "skopeo reports digest {} for {source}, expected {digest}",
                shown["Digest"]
            );
            let layers = shown["Layers"].as_array().map_or(0, Vec::len);
            ensure!(
                layers == image.layout.image().layers().len(),
                "skopeo reports {layers} layers in {source}"
            );
            let copy = scratch.path().join(format!("{number}-{at}"));
            let target = format!("oci:{}:copy", copy.display());
            output(cmd!(sh, "skopeo --insecure-policy copy {source} {target}"))?;
        }
    }
    Ok(())
}

/// Docker loads the archives with the expected layers.
pub fn docker(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    engine::docker_version().map_err(|why| Skip::with_reason(format!("Docker is not available: {why}")))?;
    for image in write_images(workspace, sdk, function, &Base::Minimal)?.all() {
        check_docker_load(image)?;
    }
    Ok(())
}

fn check_docker_load(image: &WrittenImage) -> Result<()> {
    let reference = image.reference.clone();
    let _remove = Cleanup::new({
        let reference = reference.clone();
        move || {
            // Fails if the image was not loaded.
            let _ = engine::docker(&["image", "rm", "--force", &reference]);
        }
    })?;
    let archive = image.archive.display().to_string();
    let output_text = engine::docker(&["load", "--input", &archive])?;
    ensure!(
        output_text.contains(&reference),
        "docker did not load {reference}: {output_text}"
    );
    let shown: Value = serde_json::from_str(&engine::docker(&["image", "inspect", &reference])?)?;
    let layers = shown[0]["RootFS"]["Layers"].as_array().cloned();
    let ours = image.layout.image().layers().iter();
    let ours: Vec<_> = ours.map(|layer| Value::from(layer.diff_id.to_string())).collect();
    ensure!(
        layers.as_ref() == Some(&ours),
        "docker reports other layers in {reference}: {layers:?}"
    );
    Ok(())
}

/// Python reads the zip archive, whose `bootstrap` has the mode that Lambda needs.
pub fn python_zip(_workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let (path, _) = write_function_zip(sdk, function)?;
    read_by_python(&path)?;
    Ok(())
}

fn read_by_python(path: &Path) -> Result<()> {
    let sh = Shell::new()?;
    let program = "import sys, zipfile\n\
        archive = zipfile.ZipFile(sys.argv[1])\n\
        assert archive.testzip() is None\n\
        file, = archive.infolist()\n\
        assert file.filename == 'bootstrap' and file.create_system == 3\n\
        assert file.external_attr >> 16 == 0o100755, oct(file.external_attr)\n";
    output(cmd!(sh, "python3 -c {program} {path}")).map(drop)
}
