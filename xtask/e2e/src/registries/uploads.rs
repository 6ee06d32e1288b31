//! Pushes to a registry that cannot be reached well.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use layer_registry::{Error, resolve};

use super::image::{blobs, digest_of, push, remote};
use crate::fault_proxy::{Fault, Proxy, Request};

/// How long a push may take that is given up, waits included.
const GIVE_UP_TIMEOUT: Duration = Duration::from_secs(20);

fn is_upload(request: &Request) -> bool {
    request.method == "PUT" && request.path.contains("/blobs/uploads/")
}

/// Pushes the layout in `layout` in spite of everything, and gives up where nothing helps.
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
    let image = remote(&format!("{}/cut:v1", proxy.address()))?;
    ensure!(push(&image, layout)? == wanted, "another image arrived");
    let sent = proxy.requests("PUT", "/blobs/uploads/");
    let sent: Vec<_> = sent
        .iter()
        .filter(|request| request.length == largest)
        .collect();
    ensure!(
        sent.len() == 3,
        "the largest blob was sent {} times",
        sent.len()
    );
    ensure!(
        resolve(&image)? == wanted,
        "the tag stands for another image"
    );

    let (mut heads, mut posts, mut manifests) = (0, 0, 0);
    proxy.set_faults(move |request| {
        let count = match (
            request.method.as_str(),
            request.path.contains("/manifests/"),
        ) {
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
    let image = remote(&format!("{}/busy:v1", proxy.address()))?;
    ensure!(push(&image, layout)? == wanted, "another image arrived");
    ensure!(
        start.elapsed() > Duration::from_secs(1),
        "nobody waited as the registry asked"
    );

    let start = Instant::now();
    proxy.set_faults(|request| match request.method.as_str() {
        "POST" => Fault::Respond("503 Service Unavailable"),
        _ => Fault::Pass,
    });
    let image = remote(&format!("{}/never:v1", proxy.address()))?;
    let error = push(&image, layout)
        .err()
        .context("an image arrived nowhere")?;
    let given_up = error.chain().any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(Error::RetriesExhausted { attempts: 4, .. })
        )
    });
    ensure!(given_up, "a busy registry is told as {error:#}");
    let posts = proxy.requests("POST", "").len();
    ensure!(posts == 4, "a busy registry was asked {posts} times");
    ensure!(
        start.elapsed() < GIVE_UP_TIMEOUT,
        "giving up took {:?}",
        start.elapsed()
    );

    // A refusal is one, however often it is asked for.
    proxy.set_faults(|request| match request.method.as_str() {
        "POST" => Fault::Respond("405 Method Not Allowed"),
        _ => Fault::Pass,
    });
    let error = push(&image, layout)
        .err()
        .context("an image arrived nowhere")?;
    ensure!(
        format!("{error:#}").contains("HTTP 405"),
        "a refusal is told as {error:#}"
    );
    ensure!(
        proxy.requests("POST", "").len() == 1,
        "a refusal was not believed"
    );
    Ok(())
}
