//! Pushes to registries that fail, or have some of the blobs already.

use std::time::Duration;

use super::super::ProgressEvent;
use super::super::manifest::DIGEST_HEADER;
use super::super::push::push;
use super::fake::{FakeRegistry, IMAGE, Reply};
use super::store::{FakeStore, blob, push_all};
use super::{digest_of, noise};
use fs_err as fs;
use layer::Digest;

#[test]
fn each_blob_is_uploaded_once_in_a_single_put() {
    let store = FakeStore::default();
    let registry = store.serve();
    let blobs = [noise(300_000), noise(10), Vec::new(), noise(10)];
    let digest = push_all(&registry.image(":v1"), &blobs).unwrap();
    assert_eq!(digest, Digest::of(b"manifest"));
    let requests = registry.requests();
    let puts = requests.iter().filter(|request| request.matches("PUT", "/blobs/"));
    let lengths: Vec<_> = puts.map(|request| request.header("content-length")).collect();
    assert_eq!(lengths, ["300000", "10", "0"]);
    assert_eq!(requests.iter().filter(|request| request.method == "PATCH").count(), 0);
    let last = requests.last().unwrap();
    assert!(last.matches("PUT", "/manifests/v1") && last.header("content-type") == IMAGE);
    assert_eq!(store.names().len(), 4);

    push_all(&registry.image(":v2"), &blobs).unwrap();
    let again = registry.request_lines();
    assert!(again.iter().all(|line| !line.contains("upload")), "{again:?}");
    // By digest, like the images of an index.
    push_all(&registry.image(&format!("@{digest}")), &[]).unwrap();
    assert_eq!(
        registry.request_lines(),
        ["GET /v2/".to_owned(), format!("PUT manifests/{digest}")]
    );
    let other = registry.image(&format!(":v3@{}", digest_of(b"other")));
    let error = push_all(&other, &blobs).unwrap_err().to_string();
    assert!(error.contains("the digest of the image is"), "{error}");
    assert!(registry.request_lines().is_empty());
}

#[test]
fn failed_upload_restarts_and_stored_blob_is_not_sent_again() {
    let store = FakeStore::default();
    let registry = FakeRegistry::start({
        let store = store.clone();
        move |request, before| match (before, request.method.as_str()) {
            // Fail the POST, then the PUT, then lose the response after the blob was stored.
            (2, "POST") => Reply::new(429, "").with_header("retry-after", "0"),
            (5, "PUT") => Reply::new(500, ""),
            (8, "PUT") => {
                store.respond(request);
                Reply::new(502, "")
            }
            _ => store.respond(request),
        }
    });
    push_all(&registry.image(""), &[noise(100_000)]).unwrap();
    let seen = registry.request_lines();
    let methods: Vec<_> = seen.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let one = [
        "GET", "HEAD", "POST", "HEAD", "POST", "PUT", "HEAD", "POST", "PUT", "HEAD", "PUT",
    ];
    assert_eq!(methods, one);
}

#[test]
fn interrupted_uploads_are_retried_up_to_the_limit() {
    let registry = FakeRegistry::start(|request, _| match request.method.as_str() {
        "PUT" => Reply {
            truncate_at: Some(0),
            ..Reply::new(500, "cut")
        },
        _ => FakeStore::default().respond(request),
    });
    let error = push_all(&registry.image(""), &[noise(100_000)]).unwrap_err();
    assert!(error.to_string().contains("gave up at attempt 4"), "{error}");
    // A registry that accepts all bytes and does not respond.
    let registry = FakeRegistry::start(|request, _| {
        if request.method == "PUT" {
            std::thread::sleep(Duration::from_secs(60));
        }
        FakeStore::default().respond(request)
    });
    let mut image = registry.image("");
    image.retry_policy.commit_timeout = Duration::from_millis(150);
    let error = push_all(&image, &[noise(100_000)]).unwrap_err();
    assert!(error.to_string().contains("does not confirm the blob"), "{error}");
}

#[test]
fn damaged_local_blobs_are_not_sent() {
    let store = FakeStore::default();
    let registry = store.serve();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    fs::write(&path, noise(100_000)).unwrap();
    let gone = folder.path().join("gone");
    let digest = Digest::of(&noise(100_000));
    let bad = [
        (blob(Digest::of(b"other"), 100_000, &path), "its digest is"),
        (blob(Digest::of(b"other"), 0, &path), "it is empty"),
        (blob(digest, 100_001, &path), "100000 bytes and should have 100001"),
        (blob(digest, 99_999, &path), "its digest is"),
        (blob(digest, 100_000, &gone), "No such file"),
    ];
    for (bad, reason) in bad {
        let error = push(&registry.image(""), &[bad], b"m", IMAGE, &|_| ()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("` is damaged: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(store.names(), Vec::<String>::new());
}

#[test]
fn manifest_digest_mismatch_is_detected() {
    for header in [true, false] {
        let registry = FakeRegistry::start(move |request, _| {
            let reply = match request.matches("HEAD", "/manifests/") {
                true => Reply::new(200, "").with_header(DIGEST_HEADER, digest_of(b"else")),
                false => FakeStore::default().respond(request),
            };
            let other = Reply {
                headers: Vec::new(),
                ..reply.clone()
            };
            match (request.matches("PUT", "/manifests/"), header) {
                (true, true) => other.with_header(DIGEST_HEADER, digest_of(b"else")),
                (true, false) => other,
                _ => reply,
            }
        });
        let error = push_all(&registry.image(""), &[]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&digest_of(b"else")) && text.contains(&digest_of(b"manifest")),
            "{text}"
        );
    }
}

#[test]
fn progress_is_reported_in_bytes() {
    let store = FakeStore::default();
    let registry = store.serve();
    push_all(&registry.image(""), &[noise(10)]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    fs::write(&path, noise(500_000)).unwrap();
    let blobs = [(10, noise(10)), (500_000, noise(500_000))];
    let blobs = blobs.map(|(bytes, content)| blob(Digest::of(&content), bytes, &path));
    let events = std::cell::RefCell::new(Vec::new());
    push(&registry.image(""), &blobs, b"m", IMAGE, &|event| {
        events.borrow_mut().push(match event {
            ProgressEvent::Blob { bytes, present, .. } => format!("{bytes} {present}"),
            ProgressEvent::Bytes { done, total } => format!("{done}/{total}"),
            ProgressEvent::Retry { error, .. } => error.to_string(),
        });
    })
    .unwrap();
    let events = events.into_inner();
    assert_eq!(events[..3], ["10 true", "10/500010", "500000 false"]);
    assert_eq!(events.last().unwrap(), "500010/500010");
}

#[test]
fn any_success_but_accepted_stores_a_blob() {
    for (status, attempts) in [(200, 1), (201, 1), (204, 1), (202, 4)] {
        // Whether a blob is there is not known.
        let store = FakeStore::default();
        let registry = FakeRegistry::start(move |request, _| match request.method.as_str() {
            "HEAD" => Reply::new(405, ""),
            "PUT" if request.path.contains("/blobs/") => {
                store.respond(request);
                Reply::new(status, "")
            }
            _ => store.respond(request),
        });
        assert_eq!(
            push_all(&registry.image(""), &[noise(10)]).is_ok(),
            attempts == 1,
            "{status}"
        );
        let lines = registry.request_lines().into_iter();
        assert_eq!(lines.filter(|line| line.starts_with("PUT blobs/")).count(), attempts);
    }
}

#[test]
fn tag_that_cannot_be_changed_may_have_the_image_already() {
    for (status, code) in [(400, "TAG_INVALID"), (409, "CONFLICT"), (412, "PRECONDITION")] {
        let store = FakeStore::default();
        let registry = FakeRegistry::start(move |request, _| {
            let tags = store.names();
            let refused = request.matches("PUT", "/manifests/") && tags.iter().any(|name| name == "v1");
            let found = request.matches("HEAD", "/manifests/v1");
            match (refused, found) {
                (true, _) => Reply::new(status, format!(r#"{{"errors": [{{"code": "{code}"}}]}}"#)),
                (_, true) => Reply::new(200, "").with_header(DIGEST_HEADER, digest_of(b"manifest")),
                _ => store.respond(request),
            }
        });
        let image = registry.image(":v1");
        for _ in 0..2 {
            assert_eq!(push_all(&image, &[noise(10)]).unwrap(), Digest::of(b"manifest"));
        }
        let error = push(&image, &[], b"other", IMAGE, &|_| ()).unwrap_err().to_string();
        assert!(error.contains(code), "{error}");
    }
}

#[test]
fn missing_repository_is_named_with_a_remedy() {
    let registry = FakeRegistry::start(|request, _| match request.path.as_str() {
        "/v2/" => Reply::new(200, ""),
        _ => Reply::new(404, r#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#),
    });
    let error = push_all(&registry.image(""), &[noise(10)]).unwrap_err().to_string();
    let expected = "no repository tests/image (HTTP 404, NAME_UNKNOWN); create it";
    assert!(error.contains(expected), "{error}");
}
