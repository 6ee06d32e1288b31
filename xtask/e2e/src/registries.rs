//! Pushes and pulls with a real registry, Debian's `docker-registry`, on a loopback port: directly, with a login, and
//! through a proxy that breaks connections, rejects requests and corrupts responses.

mod authentication;
mod image;
mod other_tools;
mod pulls;
mod pushes;
mod server;
mod transport;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use layer::Layout;
use layer::lint::{LintOptions, lint};
use layer_registry::ProgressEvent;
use opencv_build::Sdk;
use package::function::Function;
use registry::ConnectionOptions;
use serde_json::Value;

use super::fault_proxy::Proxy;
use conformance::skip::Skip;
use package::artefacts::base::{Base, BaseImage};
use package::artefacts::lint::check_artefact;
use package::artefacts::write_function_image;
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

use image::{blobs, digest_of, ensure_same_blobs};
use support::files::temporary_dir_in;

pub use authentication::HTPASSWD_LINE;
pub use image::{push, registry_image};
pub use server::Registry;

pub fn test(workspace: &Workspace, layout: &Path) -> Result<()> {
    let scratch = scratch(workspace)?;
    let registry = Registry::start(scratch.path(), None)?;
    let proxy = Proxy::start(registry.address())?;
    push_and_pull(&proxy, layout, scratch.path()).context("without faults")?;
    pushes::test(&proxy, layout).context("with faults in pushes")?;
    pulls::test(&proxy, layout, scratch.path()).context("with faults in pulls")?;
    authentication::test(scratch.path(), layout).context("with a login")?;
    transport::test(scratch.path(), layout).context("by TLS and plain HTTP")?;
    let cases = workspace.root().join("../shared/cases/images");
    other_tools::test(&registry, scratch.path(), layout, &cases).context("with images of other tools")
}

/// Builds the function on a base image from a registry, and lints the pulled image.
pub fn base(workspace: &Workspace, layout: &Path, sdk: &Sdk, function: &Function) -> Result<()> {
    let scratch = scratch(workspace)?;
    let registry = Registry::start(scratch.path(), None)?;
    let name = format!("{}/system/base:v1", registry.address());
    let digest = push(&registry_image(&name)?, layout)?;
    let pulled = scratch.path().join("as-pulled");
    layer_registry::pull(&registry_image(&name)?, &pulled, None, &|_| ())?;
    let findings = lint(&pulled, &LintOptions::default())?;
    ensure!(findings.is_empty(), "the pulled image has findings: {findings:?}");
    let write = |name: &str| {
        let architecture = sdk.manifest().target.architecture;
        let layout = registry::pull_base(
            name,
            architecture,
            &scratch.path().join("bases"),
            &ConnectionOptions::default(),
        )?;
        let name = name.to_owned();
        let base = Base::Image(BaseImage { name, layout });
        write_function_image(scratch.path(), "on-a-base:v1", sdk, function, &base)
    };
    let image = write(&name)?;
    let below = Layout::open(layout, function.architecture())?;
    let (image, below) = (image.layout.image(), below.image());
    ensure!(
        image.layers().starts_with(below.layers()),
        "the layers of the base were changed"
    );
    let manifest: Value = serde_json::from_slice(image.manifest())?;
    let base_digest = &manifest["annotations"]["org.opencontainers.image.base.digest"];
    ensure!(
        base_digest == &digest.to_string(),
        "the image's annotation of its base is {base_digest}"
    );
    check_artefact(
        &scratch.path().join(&function.package.name),
        function.architecture(),
        true,
    )?;

    // By its digest, a base that was pulled before needs no registry.
    drop(registry);
    let (place, _) = name.rsplit_once(':').context("a reference has a tag")?;
    write(&format!("{place}@{digest}")).context("the base was not cached")?;
    let gone = write(&name).err().context("a tag was resolved without its registry")?;
    ensure!(format!("{gone:#}").contains("failed to look up the base"), "{gone:#}");
    Ok(())
}

/// Pushes the layout, has skopeo inspect and copy it, and pulls the copy.
pub fn skopeo(workspace: &Workspace, layout: &Path) -> Result<()> {
    let sh = Shell::new()?;
    if output(cmd!(sh, "skopeo --version")).is_err() {
        let reason = "skopeo is not installed; ci/install-packages.sh installs it";
        return Err(Skip::with_reason(reason.to_owned()));
    }
    let scratch = scratch(workspace)?;
    let registry = Registry::start(scratch.path(), None)?;
    let image = format!("{}/seen/by:skopeo", registry.address());
    let digest = push(&registry_image(&image)?, layout)?;
    let seen = output(cmd!(sh, "skopeo inspect --tls-verify=false docker://{image}"))?;
    let seen: Value = serde_json::from_str(&seen)?;
    ensure!(
        seen["Digest"] == digest.to_string(),
        "skopeo reports {}, expected {digest}",
        seen["Digest"]
    );

    let copied = format!("{}/copied/by:skopeo", registry.address());
    output(cmd!(
        sh,
        "skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false docker://{image} docker://{copied}"
    ))?;
    let folder = scratch.path().join("pulled");
    let pulled = layer_registry::pull(&registry_image(&copied)?, &folder, None, &|_| ())?;
    ensure!(
        pulled.digest == digest,
        "skopeo's copy is {}, expected {digest}",
        pulled.digest
    );
    ensure_same_blobs(layout, &folder)
}

fn scratch(workspace: &Workspace) -> Result<tempfile::TempDir> {
    temporary_dir_in(&workspace.target_dir(), ".registry-")
}

/// A second push sends nothing, and a pulled image has the same bytes.
fn push_and_pull(proxy: &Proxy, layout: &Path, scratch: &Path) -> Result<()> {
    let image = format!("{}/there/and-back:v1", proxy.address());
    let wanted = digest_of(layout)?;
    let digest = push(&registry_image(&image)?, layout)?;
    ensure!(digest == wanted, "the registry confirms {digest}, expected {wanted}");
    let blobs = blobs(layout)?;
    // The manifest is a blob of the layout, but not of the registry.
    let uploads = proxy.requests("PUT", "/blobs/uploads/");
    ensure!(
        uploads.len() == blobs.len() - 1,
        "{} blobs were sent in {} requests",
        blobs.len() - 1,
        uploads.len()
    );
    let sent_bytes: u64 = uploads.iter().map(|request| request.length).sum();
    let bytes: u64 = blobs.values().map(|content| content.len() as u64).sum();
    let manifest = blobs.get(&wanted.hex());
    let manifest = manifest.context("the manifest is not a blob")?.len() as u64;
    ensure!(
        sent_bytes == bytes - manifest,
        "{sent_bytes} bytes were sent, expected {}",
        bytes - manifest
    );
    ensure!(proxy.requests("PATCH", "").is_empty(), "a blob was sent in chunks");

    proxy.clear_requests();
    let again = push(&registry_image(&image)?, layout)?;
    ensure!(again == digest, "a second push returns {again}, expected {digest}");
    ensure!(proxy.requests("", "/uploads/").is_empty(), "a blob was sent again");

    let folder = scratch.join("pulled");
    let last = std::cell::Cell::new((0, 0));
    let pulled = layer_registry::pull(&registry_image(&image)?, &folder, None, &|event| {
        if let ProgressEvent::Bytes { done, total } = event {
            last.set((*done, *total));
        }
    })?;
    ensure!(
        pulled.digest == digest,
        "{} was pulled, expected {digest}",
        pulled.digest
    );
    ensure!(
        last.get() == (pulled.bytes, pulled.bytes),
        "the progress ends at {:?}",
        last.get()
    );
    ensure_same_blobs(layout, &folder)?;
    ensure!(digest_of(&folder)? == digest, "the pulled layout has another image");
    let resolved = layer_registry::resolve(&registry_image(&image)?)?;
    ensure!(resolved == digest, "the tag resolves to {resolved}, expected {digest}");

    proxy.clear_requests();
    let again = layer_registry::pull(&registry_image(&image)?, &folder, None, &|_| ())?;
    ensure!(
        again.fetched_bytes == 0,
        "{} bytes were downloaded again",
        again.fetched_bytes
    );
    ensure!(
        proxy.requests("GET", "/blobs/").is_empty(),
        "a blob was requested again"
    );

    // A pulled image can be pushed by its digest.
    let elsewhere = format!("{}/elsewhere@{digest}", proxy.address());
    ensure!(
        push(&registry_image(&elsewhere)?, &folder)? == digest,
        "the pushed image has another digest"
    );
    let missing = format!("{}/there/and-back:v2", proxy.address());
    let error = layer_registry::resolve(&registry_image(&missing)?).err();
    let error = error.context("a missing tag was resolved")?.to_string();
    ensure!(
        error.contains("does not have manifest v2"),
        "the error for a missing tag is {error}"
    );
    Ok(())
}
