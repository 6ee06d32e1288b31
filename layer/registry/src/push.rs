//! Pushes an image. Blobs that the registry has are not sent, and those of other repositories are mounted. The manifest
//! is pushed last, because it makes the image visible.

use std::mem::take;

use layer::Digest;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::manifest::header_digest;
use super::pull::resolve_digest;
use super::session::{Presence, with_session};
use super::upload::{self, Upload};
use super::upload_body::Blob;
use super::{Error, Failure, ProgressCallback, ProgressMeter, RegistryImage, Result, Session};

/// The annotation with the reference of the base. Source:
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>.
const BASE_NAME: &str = "org.opencontainers.image.base.name";

/// Pushes an image. `media_type` is that of the manifest. Returns the manifest's digest once the registry has confirmed
/// it.
pub(crate) fn push(
    image: &RegistryImage,
    blobs: &[Blob<'_>],
    manifest: &[u8],
    media_type: &str,
    progress: &dyn Fn(&super::ProgressEvent<'_>),
) -> Result<Digest> {
    let digest = Digest::of(manifest);
    if let Some(wanted) = image.digest()
        && wanted != digest
    {
        let reference = image.reference.whole();
        return Err(Error::Other(format!(
            "failed to push to `{reference}`: the digest of the image is {digest}; push to a tag"
        )));
    }
    with_session(image, "pull,push", progress, async |mut session| {
        session.mount_from = mount_candidates(image, manifest);
        let total = blobs.iter().map(|blob| blob.size).sum();
        let meter = ProgressMeter::new(progress as &ProgressCallback<'_>, total);
        for blob in blobs {
            push_blob(&session, blob, &meter).await?;
        }
        push_manifest(&session, manifest, media_type, digest).await?;
        Ok(digest)
    })
}

/// The repositories of `mount_from` and of the base that the manifest names, if that is of the same registry.
fn mount_candidates(image: &RegistryImage, manifest: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let base = document["annotations"][BASE_NAME].as_str();
    let base = base.and_then(|name| RegistryImage::parse(name).ok());
    let base = base.filter(|base| base.registry() == image.registry());
    let base = base.map(|base| base.reference.repository().to_owned());
    let mut candidates = image.mount_from.clone();
    candidates.extend(base.filter(|base| !image.mount_from.contains(base)));
    candidates.retain(|name| name != image.reference.repository());
    candidates
}

async fn push_blob(session: &Session<'_>, blob: &Blob<'_>, meter: &ProgressMeter<'_>) -> Result<()> {
    // A mount is tried until the registry has answered. The uploads that other answers start expire.
    let mut mount_from = session.mount_from.as_slice();
    let (mut first, mut renewed) = (true, false);
    session
        .with_retries(async || {
            session.ping().await?;
            // If the connection broke after the last byte, the registry has the blob.
            let present = blob_exists(session, blob).await?;
            let upload = match present {
                true => Upload::Mounted,
                false => {
                    upload::check(blob)?;
                    let upload = upload::start(session, blob, mount_from).await?;
                    mount_from = &[];
                    upload
                }
            };
            if take(&mut first) {
                meter.blob_started(blob.digest, blob.size, matches!(upload, Upload::Mounted));
            }
            match upload {
                Upload::Mounted => Ok(()),
                Upload::At(url) => upload::send(session, blob, url, meter, &mut renewed).await,
            }
        })
        .await?;
    meter.blob_finished(blob.size);
    Ok(())
}

async fn blob_exists(session: &Session<'_>, blob: &Blob<'_>) -> Result<bool, Failure> {
    let what = format!("blob {}", blob.digest);
    let head = session.head(&what, |http| http.head(session.url(&format!("blobs/{}", blob.digest))));
    Ok(matches!(head.await?, Presence::Present(_)))
}

/// Puts the manifest and verifies the digest that the registry reports.
async fn push_manifest(session: &Session<'_>, manifest: &[u8], media_type: &str, digest: Digest) -> Result<()> {
    let reference = &session.image.reference;
    let version = reference.tag().map_or_else(|| digest.to_string(), str::to_owned);
    let what = format!("manifest {version}");
    let found = session
        .with_retries(async || {
            session.ping().await?;
            let put = session.send(&what, |http| {
                let request = http.put(session.url(&format!("manifests/{version}")));
                let request = request.header(CONTENT_TYPE, media_type);
                request.body(manifest.to_vec())
            });
            match put.await {
                Ok(response) => Ok(header_digest(response.headers())),
                Err(failure) if refuses_change(&failure) => match resolve_digest(session, &version).await {
                    Ok(found) if found == digest => Ok(Some(found)),
                    _ => Err(failure),
                },
                Err(failure) => Err(failure),
            }
        })
        .await?;
    let found = match found {
        Some(found) => found,
        None => resolve_digest(session, &version).await?,
    };
    if found == digest {
        return Ok(());
    }
    Err(session.image.digest_mismatch(&what, digest, found))
}

/// Whether a registry may have refused a manifest because its tags cannot be changed. If the tag is that of the same
/// image, there is nothing to change: the response to an earlier attempt was lost, or the image was pushed before.
fn refuses_change(failure: &Failure) -> bool {
    let refused = failure.status.is_some_and(|status| status.is_client_error());
    refused && !failure.retryable && !matches!(failure.error, Error::Unauthorized { .. })
}
