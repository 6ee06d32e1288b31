//! Pulls over interrupted connections, and of images for several architectures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fs_err as fs;
use layer::{Architecture, Digest};
use serde_json::{Value, json};

use super::super::{Error, ProgressEvent, pull, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, IMAGE, INDEX, Reply};
use super::{assert_complete, noise, partial_files};

#[test]
fn pull_is_complete_and_second_pull_fetches_nothing() {
    let contents = RegistryContents::image(&[noise(200_000), noise(10), Vec::new(), noise(10)]);
    let registry = contents.serve();
    let folder = tempfile::tempdir().unwrap();
    let last = AtomicU64::new(0);
    let pulled = pull(&registry.image(":latest"), folder.path(), None, &|event| {
        if let ProgressEvent::Bytes { done, total } = event {
            assert!(last.swap(*done, Ordering::Relaxed) <= *done && done <= total);
        }
    });
    let pulled = pulled.unwrap();
    assert_complete(folder.path(), &contents);
    let all: usize = contents.blobs.values().map(Vec::len).sum();
    assert_eq!((pulled.bytes, pulled.fetched_bytes), (all as u64, all as u64));
    assert_eq!(last.into_inner(), all as u64);
    let index = fs::read(folder.path().join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    assert_eq!(index["manifests"][0]["digest"], pulled.digest.to_string());
    assert_eq!(
        index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"],
        "latest"
    );
    let name = format!("blobs/sha256/{}", pulled.digest.hex());
    let manifest = fs::read(folder.path().join(name)).unwrap();
    assert_eq!(Digest::of(&manifest), pulled.digest);

    registry.requests();
    let again = pull(&registry.image(":latest"), folder.path(), None, &|_| ()).unwrap();
    assert_eq!((again.digest, again.fetched_bytes), (pulled.digest, 0));
    assert_eq!(registry.request_lines(), ["GET manifests/latest"]);
    assert_eq!(resolve(&registry.image("")).unwrap(), pulled.digest);
    assert_eq!(registry.request_lines(), ["HEAD manifests/latest"]);
}

#[test]
fn modified_blob_is_fetched_again() {
    let contents = RegistryContents::image(&[noise(1000)]);
    let registry = contents.serve();
    let folder = tempfile::tempdir().unwrap();
    let image = registry.image("");
    pull(&image, folder.path(), None, &|_| ()).unwrap();
    let name = contents.layer_digest().replace("sha256:", "blobs/sha256/");
    fs::write(folder.path().join(name), noise(999)).unwrap();
    let again = pull(&image, folder.path(), None, &|_| ()).unwrap();
    assert_eq!(again.fetched_bytes, 1000);
    assert_complete(folder.path(), &contents);
}

#[test]
fn interrupted_download_resumes() {
    let contents = RegistryContents::image(&[noise(100_000)]);
    let layer = contents.layer_digest();
    for chunked in [false, true] {
        let registry = FakeRegistry::start({
            let (contents, layer) = (contents.clone(), layer.clone());
            move |request, _| {
                let mut reply = contents.respond(request);
                if request.path.ends_with(&layer) && request.header("range") != "bytes=80000-" {
                    reply.truncate_at = Some(40_000);
                    reply.chunked = chunked;
                }
                reply
            }
        });
        let folder = tempfile::tempdir().unwrap();
        pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap();
        assert_complete(folder.path(), &contents);
        let lines = registry.request_lines().split_off(2);
        let from = ["", " bytes=40000-", " bytes=80000-"];
        assert_eq!(lines, from.map(|from| format!("GET blobs/{layer}{from}")));
    }
}

#[test]
fn later_run_resumes_a_download() {
    let contents = RegistryContents::image(&[noise(100_000)]);
    let layer = contents.layer_digest();
    let registry = FakeRegistry::start({
        let (contents, layer) = (contents.clone(), layer.clone());
        move |request, before| {
            let mut reply = contents.respond(request);
            if request.path.ends_with(&layer) && before < 10 {
                reply.truncate_at = Some(1000);
            }
            reply
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
    assert!(
        matches!(&error, Error::RetriesExhausted { attempts: 4, last }
            if matches!(**last, Error::Interrupted { done: 4000, total: 100_000, .. })),
        "{error}"
    );
    assert_eq!(partial_files(folder.path()), [layer.replace("sha256:", ".partial-")]);
    assert!(!folder.path().join("index.json").exists());
    registry.requests();
    // `requests` has reset the count, so that the next four break, too.
    pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
    let lines = registry.request_lines();
    assert_eq!(lines[1], format!("GET blobs/{layer} bytes=4000-"));
    assert_eq!(lines.len(), 5);

    // A wrong partial file of an earlier run is not reported as a wrong digest of the registry.
    let registry = contents.serve();
    let partial = folder
        .path()
        .join("blobs/sha256")
        .join(layer.replace("sha256:", ".partial-"));
    fs::write(&partial, vec![0; 5000]).unwrap();
    pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap();
    let lines = [format!("GET blobs/{layer} bytes=5000-"), format!("GET blobs/{layer}")];
    assert_eq!(registry.request_lines()[1..], lines);
    assert_complete(folder.path(), &contents);
}

#[test]
fn registry_without_ranges_restarts_the_download() {
    let contents = RegistryContents::image(&[noise(100_000)]);
    let layer = contents.layer_digest();
    for status in [200, 416] {
        let registry = FakeRegistry::start({
            let (contents, layer) = (contents.clone(), layer.clone());
            move |request, before| {
                let mut request = request.clone();
                let part = request.headers.remove("range").is_some();
                if part && status == 416 {
                    return Reply::new(416, "");
                }
                let mut reply = contents.respond(&request);
                if request.path.ends_with(&layer) && before == 2 {
                    reply.truncate_at = Some(50_000);
                }
                reply
            }
        });
        let folder = tempfile::tempdir().unwrap();
        pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap();
        assert_complete(folder.path(), &contents);
    }
}

#[test]
fn partial_file_is_locked() {
    let contents = RegistryContents::image(&[noise(1000)]);
    let name = contents.layer_digest().replace("sha256:", ".partial-");
    let registry = contents.serve();
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let file = fs::File::create(blobs.join(name)).unwrap();
    file.lock().unwrap();
    let error = pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("another process is writing"), "{error}");
}

#[test]
fn retry_after_is_respected() {
    let contents = RegistryContents::image(&[noise(1000)]);
    let layer = contents.layer_digest();
    let registry = FakeRegistry::start({
        let contents = contents.clone();
        move |request, before| match (before, request.path.ends_with(&layer)) {
            (0, _) => Reply::new(503, ""),
            (_, true) if before < 4 => Reply::new(429, "").with_header("retry-after", "1"),
            _ => contents.respond(request),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let waits = std::cell::RefCell::new(Vec::new());
    pull(&registry.image(""), folder.path(), None, &|event| {
        if let ProgressEvent::Retry { delay, .. } = event {
            waits.borrow_mut().push(*delay);
        }
    })
    .unwrap();
    let second = Duration::from_secs(1);
    assert!(start.elapsed() >= second && waits.into_inner()[1..] == [second]);
    assert_complete(folder.path(), &contents);
}

#[test]
fn retries_are_limited() {
    for (retry_after, requests) in [("0", 4), ("1000", 1), ("18446744073709551615", 1)] {
        let registry = FakeRegistry::start(move |_, _| Reply::new(429, "").with_header("retry-after", retry_after));
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
        assert!(
            error.to_string().contains(&format!("retry after {retry_after} s")),
            "{error}"
        );
        assert_eq!(registry.request_lines().len(), requests);
    }
    // A registry that never responds, and a port on which nothing listens.
    let silent = FakeRegistry::start(|_, _| {
        std::thread::sleep(Duration::from_secs(60));
        Reply::new(200, "")
    });
    let mut image = silent.image("");
    image.retry_policy.read_timeout = Duration::from_millis(50);
    let error = resolve(&image).unwrap_err();
    assert!(error.to_string().contains("the connection timed out"), "{error}");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut image = super::super::RegistryImage::parse(&format!("{address}/a")).unwrap();
    image.retry_policy = silent.image("").retry_policy;
    let error = resolve(&image).unwrap_err();
    assert!(
        matches!(&error, Error::RetriesExhausted { attempts: 4, last }
            if matches!(**last, Error::Unreachable { .. })),
        "{error}"
    );
}

#[test]
fn index_is_pulled_for_one_platform_or_completely() {
    let mut contents = RegistryContents::default();
    let shared = noise(3000);
    let small = contents.add_image("arm64", &[shared.clone(), noise(20)], "arm");
    let large = contents.add_image("amd64", &[shared, noise(30)], "x86");
    let other = contents.add_image("riscv64", &[noise(40)], "riscv");
    let index = json!({"schemaVersion": 2, "manifests": [small, other]});
    contents.add_manifest(INDEX, &index, "others");
    contents.add_manifest(INDEX, &json!({"schemaVersion": 2, "manifests": []}), "empty");
    let index = json!({"schemaVersion": 2, "manifests": [small, large, other]});
    contents.add_manifest(INDEX, &index, "latest");
    let registry = contents.serve();
    let image = registry.image("");
    let folder = tempfile::tempdir().unwrap();
    let pulled = pull(&image, folder.path(), Some(Architecture::X86_64), &|_| ()).unwrap();
    assert_eq!(
        (pulled.digest.to_string(), pulled.resolved_digest),
        (digest(&large), resolve(&image).unwrap())
    );
    for (tag, found) in [
        (":others", "only for linux/arm64, linux/riscv64"),
        (":arm", "only for arm64"),
        (":empty", "its index is empty"),
    ] {
        let wanted = Some(Architecture::X86_64);
        let error = pull(&registry.image(tag), folder.path(), wanted, &|_| ()).unwrap_err();
        assert!(error.to_string().ends_with(found), "{error}");
    }

    let folder = tempfile::tempdir().unwrap();
    let pulled = pull(&image, folder.path(), None, &|_| ()).unwrap();
    assert_eq!(
        (&pulled.digest, pulled.media_type.as_str()),
        (&pulled.resolved_digest, INDEX)
    );
    assert_complete(folder.path(), &contents);
    for image in [small, large, other] {
        let name = digest(&image).replace("sha256:", "blobs/sha256/");
        assert!(folder.path().join(name).is_file());
    }
}

#[test]
fn artefacts_are_no_images() {
    let mut contents = RegistryContents::image(&[noise(10)]);
    let (_, manifest) = contents.manifests["latest"].clone();
    let mut chart: Value = serde_json::from_slice(&manifest).unwrap();
    chart["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
    contents.add_manifest(IMAGE, &chart, "chart");
    let registry = contents.serve();
    for architecture in [None, Some(Architecture::X86_64)] {
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.image(":chart"), folder.path(), architecture, &|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("is not an image") && text.contains("helm.config"),
            "{text}"
        );
        assert!(!folder.path().join("index.json").exists());
    }
}

fn digest(entry: &Value) -> String {
    entry["digest"].as_str().unwrap().to_owned()
}
