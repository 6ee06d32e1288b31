//! Pushes an image. Blobs that the registry has are not sent. The manifest is pushed last, because it makes the image
//! visible.

use std::mem::take;

use layer::Digest;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::manifest::header_digest;
use super::pull::resolve_digest;
use super::session::with_session;
use super::upload::{self, Blob};
use super::{Error, Failure, ProgressCallback, ProgressMeter, RegistryImage, Result, Session};

/// Pushes an image. `media_type` is that of the manifest. Returns the manifest's digest once the registry has confirmed
/// it.
pub fn push(
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
    with_session(image, "pull,push", progress, async |session| {
        let total = blobs.iter().map(|blob| blob.size).sum();
        let meter = ProgressMeter::new(progress as &ProgressCallback<'_>, total);
        for blob in blobs {
            push_blob(&session, blob, &meter).await?;
        }
        push_manifest(&session, manifest, media_type, digest).await?;
        Ok(digest)
    })
}

async fn push_blob(session: &Session<'_>, blob: &Blob<'_>, meter: &ProgressMeter<'_>) -> Result<()> {
    let (mut first, mut renewed) = (true, false);
    session
        .with_retries(async || {
            session.ping().await?;
            // If the connection broke after the last byte, the registry has the blob.
            let present = blob_exists(session, blob).await?;
            if take(&mut first) {
                meter.blob_started(blob.digest, blob.size, present);
            }
            if present {
                return Ok(());
            }
            upload::send(session, blob, meter, &mut renewed).await
        })
        .await?;
    meter.blob_finished(blob.size);
    Ok(())
}

async fn blob_exists(session: &Session<'_>, blob: &Blob<'_>) -> Result<bool, Failure> {
    let url = session.image.url(&format!("blobs/{}", blob.digest));
    let what = format!("blob {}", blob.digest);
    match session.send(&what, |http| http.head(&url)).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Puts the manifest and verifies the digest that the registry reports.
async fn push_manifest(session: &Session<'_>, manifest: &[u8], media_type: &str, digest: Digest) -> Result<()> {
    let reference = &session.image.reference;
    let version = reference.tag().map_or_else(|| digest.to_string(), str::to_owned);
    let url = session.image.url(&format!("manifests/{version}"));
    let what = format!("manifest {version}");
    let headers = session
        .with_retries(async || {
            session.ping().await?;
            let put = session.send(&what, |http| {
                let request = http.put(&url).header(CONTENT_TYPE, media_type);
                request.body(manifest.to_vec())
            });
            Ok(put.await?.headers().clone())
        })
        .await?;
    let found = match header_digest(&headers) {
        Some(found) => found,
        None => resolve_digest(session).await?,
    };
    if found == digest {
        return Ok(());
    }
    Err(session.image.digest_mismatch(&what, digest, found))
}
