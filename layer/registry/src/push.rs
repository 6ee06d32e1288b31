//! Pushes an image: its blobs and its manifest go in, and the digest that the registry knows it by
//! comes out. A blob that the registry has is not sent; the manifest, without which nobody sees the
//! blobs, goes last.

use std::mem::take;

use layer::Digest;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::manifest::said_digest;
use super::pull::resolved;
use super::session::within;
use super::upload::{self, Blob};
use super::{Error, Failure, Meter, Remote, Result, Session, Watch};

/// Pushes an image. `media_type` is that of the manifest, whose digest is returned once the
/// registry has confirmed it. `watch` is told what goes on.
pub fn push(
    remote: &Remote,
    blobs: &[Blob<'_>],
    manifest: &[u8],
    media_type: &str,
    watch: &dyn Fn(&super::Event<'_>),
) -> Result<Digest> {
    let digest = Digest::of(manifest);
    if let Some(wanted) = remote.digest()
        && wanted != digest
    {
        let reference = remote.reference.whole();
        return Err(Error::Other(format!(
            "`{reference}` cannot be what is pushed, whose digest is {digest}; name a tag"
        )));
    }
    within(remote, "pull,push", watch, async |session| {
        let total = blobs.iter().map(|blob| blob.bytes).sum();
        let meter = Meter::new(watch as &Watch<'_>, total);
        for blob in blobs {
            send_blob(&session, blob, &meter).await?;
        }
        send_manifest(&session, manifest, media_type, digest).await?;
        Ok(digest)
    })
}

async fn send_blob(session: &Session<'_>, blob: &Blob<'_>, meter: &Meter<'_>) -> Result<()> {
    let (mut first, mut renewed) = (true, false);
    session
        .patiently(async || {
            session.greet().await?;
            // A connection may break after the last byte has arrived: then the blob is there.
            let present = exists(session, blob).await?;
            if take(&mut first) {
                meter.blob(blob.digest, blob.bytes, present);
            }
            if present {
                return Ok(());
            }
            upload::send(session, blob, meter, &mut renewed).await
        })
        .await?;
    meter.finished(blob.bytes);
    Ok(())
}

async fn exists(session: &Session<'_>, blob: &Blob<'_>) -> Result<bool, Failure> {
    let address = session.remote.address(&format!("blobs/{}", blob.digest));
    let what = format!("blob {}", blob.digest);
    match session.send(&what, |http| http.head(&address)).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Puts the manifest and compares the digest that the registry gives it.
async fn send_manifest(
    session: &Session<'_>,
    manifest: &[u8],
    media_type: &str,
    digest: Digest,
) -> Result<()> {
    let reference = &session.remote.reference;
    let version = reference
        .tag()
        .map_or_else(|| digest.to_string(), str::to_owned);
    let address = session.remote.address(&format!("manifests/{version}"));
    let what = format!("manifest {version}");
    let headers = session
        .patiently(async || {
            session.greet().await?;
            let put = session.send(&what, |http| {
                let request = http.put(&address).header(CONTENT_TYPE, media_type);
                request.body(manifest.to_vec())
            });
            Ok(put.await?.headers().clone())
        })
        .await?;
    let found = match said_digest(&headers) {
        Some(said) => said,
        None => resolved(session).await?,
    };
    if found == digest {
        return Ok(());
    }
    Err(session.remote.lied(&what, digest, found))
}
