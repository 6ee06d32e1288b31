//! `cargo xtask push` with images of other tools: archives that skopeo writes, with and without compression, and the
//! images of reports, if they are on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use layer::lint::{Finding, LintOptions, Severity, lint};
use layer::{Architecture, Layout};
use serde_json::Value;
use support::files::{file_name, sorted_entries};
use support::progress::print_status;
use support::run::{Shell, cmd, output};

use super::image::registry_image;
use super::server::Registry;
use crate::programs;

pub fn test(registry: &Registry, scratch: &Path, layout: &Path, cases: &Path) -> Result<()> {
    let diff_ids = diff_ids(layout)?;
    for (name, image) in skopeo_images(scratch, layout)? {
        let pulled = push_and_pull(registry, scratch, &name, &image.to_string_lossy())?;
        ensure!(
            self::diff_ids(&pulled)? == diff_ids,
            "{name} has other layers after it was pushed"
        );
    }
    if !cases.is_dir() {
        print_status(&format!(
            "skipped: the images of reports are missing: `{}`",
            cases.display()
        ));
        return Ok(());
    }
    for image in sorted_entries(cases)? {
        // Lambda would accept only some of them.
        let options = LintOptions::default();
        let findings = lint(&image, &options).unwrap_or_default();
        let refused = has_errors(&findings);
        let name = file_name(&image);
        let pushed = push_and_pull(registry, scratch, &name, &image.to_string_lossy());
        ensure!(
            pushed.is_err() == refused,
            "lint and push differ about {name}: {:?}",
            pushed.err()
        );
    }
    Ok(())
}

/// Images that skopeo has written from the layout, by name. None without skopeo.
fn skopeo_images(scratch: &Path, layout: &Path) -> Result<Vec<(String, PathBuf)>> {
    let sh = Shell::new()?;
    if output(cmd!(sh, "skopeo --version")).is_err() {
        print_status("skipped: skopeo is not installed, so it writes no images; ci/install-packages.sh installs it");
        return Ok(Vec::new());
    }
    let mut images = Vec::new();
    for (name, kind, options) in [
        ("docker.tar", "docker-archive", [].as_slice()),
        ("oci.tar", "oci-archive", &[]),
        ("zstd", "oci", &["--dest-compress-format", "zstd"]),
    ] {
        let path = scratch.join(format!("skopeo-{name}"));
        let tag = if kind == "docker-archive" { "image:v1" } else { "v1" };
        output(cmd!(
            sh,
            "skopeo copy --quiet {options...} oci:{layout} {kind}:{path}:{tag}"
        ))
        .with_context(|| format!("skopeo cannot write {name}"))?;
        images.push((name.to_owned(), path));
    }
    Ok(images)
}

/// Pushes the image with the command and pulls it again; returns the layout, which has no finding of an error.
fn push_and_pull(registry: &Registry, scratch: &Path, name: &str, image: &str) -> Result<PathBuf> {
    let (sh, program) = (Shell::new()?, programs::registry()?);
    let repository = name.replace('.', "-");
    let reference = format!("{}/other-tools/{repository}:v1", registry.address());
    let pushed: Value = serde_json::from_str(&output(cmd!(sh, "{program} --json push {image} {reference}"))?)?;
    let folder = scratch.join("other-tools").join(repository);
    let pulled = layer_registry::pull(&registry_image(&reference)?, &folder, None, &|_| ())?;
    ensure!(
        pushed["digest"] == pulled.digest.to_string(),
        "{name} was pushed as {}, and pulled as {}",
        pushed["digest"],
        pulled.digest
    );
    let options = LintOptions {
        in_registry: true,
        ..LintOptions::default()
    };
    let findings = lint(&folder, &options)?;
    ensure!(!has_errors(&findings), "{name} has errors after the push: {findings:?}");
    // The same bytes in every push.
    let again: Value = serde_json::from_str(&output(cmd!(sh, "{program} --json push {image} {reference}"))?)?;
    ensure!(again == pushed, "the second push of {name} differs: {again}, {pushed}");
    Ok(folder)
}

/// The digests of the uncompressed layers.
fn diff_ids(layout: &Path) -> Result<Vec<String>> {
    let image = [Architecture::X86_64, Architecture::Aarch64]
        .into_iter()
        .find_map(|architecture| Layout::open(layout, architecture).ok())
        .context("the layout cannot be read")?;
    let layers = image.image().layers().iter();
    Ok(layers.map(|layer| layer.diff_id.to_string()).collect())
}

fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}
