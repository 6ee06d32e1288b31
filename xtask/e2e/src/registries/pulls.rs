//! Pulls from a registry with faults: broken connections, error statuses and corrupt responses.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use layer::Digest;
use layer_registry::{Error, RegistryImage, pull};

use super::image::{blobs, digest_of, ensure_same_blobs, push, registry_image};
use crate::fault_proxy::{Fault, Proxy, Request};

/// The number of bytes after which connections break.
const CUT_BYTES: usize = 300_000;

fn is_blob(request: &Request, digits: &str) -> bool {
    request.method == "GET" && request.path.ends_with(&format!("/blobs/sha256:{digits}"))
}

pub fn test(proxy: &Proxy, layout: &Path, scratch: &Path) -> Result<()> {
    let blobs = blobs(layout)?;
    let largest = blobs.iter().max_by_key(|(_, bytes)| bytes.len());
    let (largest, bytes) = largest.context("the layout is empty")?;
    ensure!(
        bytes.len() > 3 * CUT_BYTES,
        "the layout is too small to break connections"
    );
    proxy.set_faults(|_| Fault::Pass);
    let image = format!("{}/downloads:v1", proxy.address());
    push(&registry_image(&image)?, layout)?;

    let digits = largest.clone();
    let mut cuts = 0;
    proxy.set_faults(move |request| match is_blob(request, &digits) && cuts < 2 {
        true => {
            cuts += 1;
            Fault::TruncateResponse(CUT_BYTES)
        }
        false => Fault::Pass,
    });
    let folder = scratch.join("truncated");
    pull(&registry_image(&image)?, &folder, None, &|_| ())?;
    ensure_same_blobs(layout, &folder)?;
    check_ranges(proxy, largest, &[0, CUT_BYTES, 2 * CUT_BYTES])?;

    resume_across_runs(proxy, &registry_image(&image)?, largest, &scratch.join("resumed"))?;
    ensure_same_blobs(layout, &scratch.join("resumed"))?;

    let mut requests = 0;
    proxy.set_faults(move |_| {
        requests += 1;
        match requests {
            1 | 4 => Fault::Respond("503 Service Unavailable"),
            3 => Fault::Respond("429 Too Many Requests\r\nretry-after: 0"),
            _ => Fault::Pass,
        }
    });
    let folder = scratch.join("busy");
    pull(&registry_image(&image)?, &folder, None, &|_| ())?;
    ensure_same_blobs(layout, &folder)?;

    corrupt_responses(proxy, &registry_image(&image)?, largest, digest_of(layout)?, scratch)
}

/// An interrupted pull keeps what it has, and the next one resumes there.
fn resume_across_runs(proxy: &Proxy, image: &RegistryImage, largest: &str, folder: &Path) -> Result<()> {
    let digits = largest.to_owned();
    proxy.set_faults(move |request| match is_blob(request, &digits) {
        true => Fault::TruncateResponse(CUT_BYTES),
        false => Fault::Pass,
    });
    let mut single_attempt = image.clone();
    single_attempt.retry_policy.max_attempts = 1;
    let error = pull(&single_attempt, folder, None, &|_| ()).err();
    let error = error.context("an incomplete pull succeeds")?;
    ensure!(
        matches!(&error, Error::RetriesExhausted { last, .. } if matches!(**last, Error::Interrupted { .. })),
        "the error for a broken connection is {error}"
    );
    ensure!(!folder.join("index.json").exists(), "an incomplete image has an index");
    proxy.set_faults(|_| Fault::Pass);
    pull(image, folder, None, &|_| ())?;
    check_ranges(proxy, largest, &[CUT_BYTES])
}

/// Checks that the requests for a blob start at these offsets.
fn check_ranges(proxy: &Proxy, digits: &str, from: &[usize]) -> Result<()> {
    let requests = proxy.requests("GET", digits);
    let ranges: Vec<_> = requests.iter().map(|request| request.range.clone()).collect();
    let wanted = from.iter().map(|from| (*from > 0).then(|| format!("bytes={from}-")));
    let wanted: Vec<_> = wanted.collect();
    ensure!(
        ranges == wanted,
        "the requested ranges are {ranges:?}, expected {wanted:?}"
    );
    Ok(())
}

/// A response that does not match its digest or size is an error that contains the registry, and is not kept.
fn corrupt_responses(
    proxy: &Proxy,
    image: &RegistryImage,
    largest: &str,
    digest: Digest,
    scratch: &Path,
) -> Result<()> {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let registry = proxy.address().to_string();
    let corrupt = |change: fn(&mut Vec<u8>), image: &RegistryImage, what: &str| -> Result<Error> {
        let part = what.to_owned();
        proxy.set_faults(move |request| match request.path.contains(&part) {
            true => Fault::RewriteBody(change),
            false => Fault::Pass,
        });
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = scratch.join(format!("corrupt-{number}"));
        let error = pull(image, &folder, None, &|_| ()).err();
        let error = error.with_context(|| format!("a corrupt {what} was accepted"))?;
        let text = error.to_string();
        ensure!(
            text.contains(&registry),
            "the error does not contain the registry: {text}"
        );
        let requests = proxy.requests("GET", what).len();
        ensure!(requests == 1, "a corrupt {what} was requested {requests} times");
        for name in fs::read_dir(folder.join("blobs/sha256"))? {
            let name = name?.file_name().to_string_lossy().into_owned();
            ensure!(!name.contains(largest), "{name} was kept");
        }
        Ok(error)
    };
    let flip: fn(&mut Vec<u8>) = |body| {
        if let Some(byte) = body.last_mut() {
            *byte ^= 1;
        }
    };
    match corrupt(flip, image, &format!("/blobs/sha256:{largest}"))? {
        Error::DigestMismatch { expected, found, .. } if expected.hex() == largest && found != expected => {}
        other => bail!("the error for other bytes is {other}"),
    }
    let longer: fn(&mut Vec<u8>) = |body| body.extend([0; 1000]);
    let shorter: fn(&mut Vec<u8>) = |body| body.truncate(body.len() / 2);
    for change in [longer, shorter] {
        match corrupt(change, image, &format!("/blobs/sha256:{largest}"))? {
            Error::SizeMismatch { what, .. } if what.contains(largest) => {}
            other => bail!("the error for another size is {other}"),
        }
    }
    let spaced: fn(&mut Vec<u8>) = |body| body.push(b' ');
    for image in [image.clone(), image.with_digest(digest)] {
        match corrupt(spaced, &image, "/manifests/")? {
            Error::DigestMismatch { expected, .. } if expected == digest => {}
            other => bail!("the error for another manifest is {other}"),
        }
    }
    let endless: fn(&mut Vec<u8>) = |body| body.resize(5 << 20, b' ');
    match corrupt(endless, image, "/manifests/")? {
        Error::InvalidResponse { .. } => {}
        other => bail!("the error for a manifest that is too large is {other}"),
    }
    proxy.set_faults(|_| Fault::Pass);
    Ok(())
}
