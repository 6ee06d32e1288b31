//! Pushes to a registry with faults: broken connections and error statuses.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use layer_registry::{Error, resolve};

use super::image::{blobs, digest_of, push, registry_image};
use crate::fault_proxy::{Fault, Proxy, Request};

/// The limit for a push that fails after all retries, including its waits.
const GIVE_UP_TIMEOUT: Duration = Duration::from_secs(20);

fn is_upload(request: &Request) -> bool {
    request.method == "PUT" && request.path.contains("/blobs/uploads/")
}

pub fn test(proxy: &Proxy, layout: &Path) -> Result<()> {
    let wanted = digest_of(layout)?;
    let sizes = blobs(layout)?.into_values().map(|blob| blob.len() as u64);
    let largest = sizes.max().context("the layout is empty")?;

    let mut cuts = 0;
    proxy.set_faults(move |request| {
        if is_upload(request) && request.length == largest && cuts < 2 {
            cuts += 1;
            return Fault::TruncateRequest(largest / 2);
        }
        Fault::Pass
    });
    let image = registry_image(&format!("{}/cut:v1", proxy.address()))?;
    ensure!(
        push(&image, layout)? == wanted,
        "the digest of the pushed image differs"
    );
    let sent = proxy.requests("PUT", "/blobs/uploads/");
    let sent: Vec<_> = sent.iter().filter(|request| request.length == largest).collect();
    ensure!(sent.len() == 3, "the largest blob was sent {} times", sent.len());
    ensure!(resolve(&image)? == wanted, "the tag resolves to another image");

    let (mut heads, mut posts, mut manifests) = (0, 0, 0);
    proxy.set_faults(move |request| {
        let count = match (request.method.as_str(), request.path.contains("/manifests/")) {
            ("HEAD", _) => &mut heads,
            ("POST", _) => &mut posts,
            ("PUT", true) => &mut manifests,
            _ => return Fault::Pass,
        };
        *count += 1;
        match (request.method.as_str(), *count) {
            ("HEAD", 1) => Fault::Respond("429 Too Many Requests\r\nretry-after: 1"),
            ("POST", 1 | 3) => Fault::Respond("500 Internal Server Error"),
            ("PUT", 1 | 2) => Fault::Respond("503 Service Unavailable"),
            _ => Fault::Pass,
        }
    });
    let start = Instant::now();
    let image = registry_image(&format!("{}/busy:v1", proxy.address()))?;
    ensure!(
        push(&image, layout)? == wanted,
        "the digest of the pushed image differs"
    );
    ensure!(
        start.elapsed() > Duration::from_secs(1),
        "the push did not wait for `retry-after`"
    );

    let start = Instant::now();
    proxy.set_faults(|request| match request.method.as_str() {
        "POST" => Fault::Respond("503 Service Unavailable"),
        _ => Fault::Pass,
    });
    let image = registry_image(&format!("{}/never:v1", proxy.address()))?;
    let error = push(&image, layout)
        .err()
        .context("a push succeeds although no upload does")?;
    let given_up = error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(Error::RetriesExhausted { attempts: 4, .. })));
    ensure!(given_up, "the error for a busy registry is {error:#}");
    let posts = proxy.requests("POST", "").len();
    ensure!(posts == 4, "a busy registry got {posts} requests, expected 4");
    ensure!(
        start.elapsed() < GIVE_UP_TIMEOUT,
        "the push failed only after {:?}",
        start.elapsed()
    );

    // A permanent error is not retried.
    proxy.set_faults(|request| match request.method.as_str() {
        "POST" => Fault::Respond("405 Method Not Allowed"),
        _ => Fault::Pass,
    });
    let error = push(&image, layout)
        .err()
        .context("a push succeeds although no upload does")?;
    ensure!(
        format!("{error:#}").contains("HTTP 405"),
        "the permanent error is {error:#}"
    );
    ensure!(proxy.requests("POST", "").len() == 1, "a permanent error was retried");

    // What HEAD does not tell is sent.
    proxy.set_faults(|request| match request.method.as_str() {
        "HEAD" => Fault::Respond("403 Forbidden"),
        _ => Fault::Pass,
    });
    let image = registry_image(&format!("{}/unknown:v1", proxy.address()))?;
    ensure!(
        push(&image, layout)? == wanted,
        "the digest of the pushed image differs"
    );
    ensure!(resolve(&image)? == wanted, "the tag resolves to another digest");

    // All blobs are in the repository that they are mounted from.
    proxy.set_faults(|_| Fault::Pass);
    let mut image = registry_image(&format!("{}/mounted:v1", proxy.address()))?;
    image.add_mount_source("unknown")?;
    ensure!(
        push(&image, layout)? == wanted,
        "the digest of the pushed image differs"
    );
    let sent = proxy.requests("PUT", "/blobs/").len();
    ensure!(sent == 0, "{sent} blobs were sent instead of mounted");
    Ok(())
}
