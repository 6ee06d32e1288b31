//! Registries, and storage behind them, that do not answer HEAD requests.

use layer::Digest;

use super::super::{Credentials, Error, Transport, pull, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, Reply};
use super::store::{FakeStore, push_all};
use super::{basic, noise};

/// Statuses that say nothing about whether something exists.
const UNKNOWN: [u16; 6] = [400, 401, 403, 405, 415, 501];

#[test]
fn blobs_are_uploaded_if_head_is_refused() {
    for status in UNKNOWN {
        let store = FakeStore::default();
        let registry = FakeRegistry::start({
            let store = store.clone();
            move |request, _| match request.method.as_str() {
                "HEAD" => Reply::new(status, ""),
                _ => store.respond(request),
            }
        });
        let digest = push_all(&registry.image(":v1"), &[noise(1000)]).unwrap();
        assert_eq!(digest, Digest::of(b"manifest"), "{status}");
        assert_eq!(store.names().len(), 2, "{status}");
    }
}

#[test]
fn storage_whose_signature_is_for_get_only_is_no_obstacle() {
    // It refuses HEAD, as storage does whose URL was signed for GET.
    let storage = FakeRegistry::start(|request, _| match request.method.as_str() {
        "HEAD" => Reply::new(403, "SignatureDoesNotMatch"),
        _ => Reply::new(404, ""),
    });
    let store = FakeStore::default();
    let url = storage.url();
    let registry = FakeRegistry::start({
        let store = store.clone();
        move |request, _| {
            if request.header("authorization").is_empty() {
                return Reply::new(401, "").with_header("www-authenticate", "Basic");
            }
            match request.method.as_str() {
                "HEAD" => Reply::new(307, "").with_header("location", format!("{url}/blob?signature=hidden")),
                _ => store.respond(request),
            }
        }
    });
    let mut image = registry.image("");
    image.credentials = basic("u", "p");
    push_all(&image, &[noise(1000)]).unwrap();
    assert_eq!(store.names().len(), 2);
    let seen = storage.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), "");
}

#[test]
fn storage_that_cannot_be_reached_does_not_stop_a_push() {
    let store = FakeStore::default();
    let contents = RegistryContents::image(&[noise(10)]);
    // Nothing listens on this port.
    let elsewhere = || Reply::new(307, "").with_header("location", "http://127.0.0.1:1/blob?hidden");
    let registry = FakeRegistry::start({
        let store = store.clone();
        move |request, _| match request.method.as_str() {
            "HEAD" => elsewhere(),
            "GET" if request.path.contains("/manifests/") => contents.respond(request),
            "GET" if request.path.contains("/blobs/") => elsewhere(),
            _ => store.respond(request),
        }
    });
    push_all(&registry.image(""), &[noise(1000)]).unwrap();
    assert_eq!(store.names().len(), 2);
    // A pull needs the storage.
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.image(""), folder.path(), None, &|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("http://127.0.0.1:1, which failed: Connection refused"),
        "{error}"
    );
    assert!(!error.contains("hidden"), "{error}");
}

#[test]
fn manifests_are_fetched_if_head_is_refused() {
    let contents = RegistryContents::image(&[noise(10)]);
    let (_, manifest) = contents.manifests["latest"].clone();
    for status in UNKNOWN.into_iter().chain([307, 404]) {
        let contents = contents.clone();
        let registry = FakeRegistry::start(move |request, _| match request.method.as_str() {
            "HEAD" if status == 307 => Reply::new(307, "").with_header("location", "file:///etc/passwd"),
            "HEAD" => Reply::new(status, ""),
            _ => contents.respond(request),
        });
        assert_eq!(resolve(&registry.image("")).unwrap(), Digest::of(&manifest), "{status}");
    }
}

#[test]
fn upload_that_is_refused_too_is_reported() {
    let registry = FakeRegistry::start(|request, _| match request.path.as_str() {
        "/v2/" => Reply::new(200, ""),
        _ => Reply::new(403, r#"{"errors": [{"code": "DENIED"}]}"#),
    });
    let error = push_all(&registry.image(""), &[noise(10)]).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("HTTP 403, DENIED"), "{error}");
}

#[test]
fn missing_challenge_is_a_clear_refusal() {
    let registry = FakeRegistry::start(|request, _| match request.path.contains("negotiate") {
        true => Reply::new(401, "").with_header("www-authenticate", "Negotiate"),
        false => Reply::new(401, r#"{"errors": [{"code": "UNAUTHORIZED"}]}"#),
    });
    let mut image = registry.image("");
    for (version, reason) in [
        (":latest", "WWW-Authenticate is missing"),
        (":negotiate", "only the login Negotiate"),
    ] {
        for known in [false, true] {
            image.reference = registry.image(version).reference;
            image.credentials = match known {
                false => Credentials::Anonymous,
                true => basic("u", "p"),
            };
            let error = resolve(&image).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert_eq!(error.contains("were not sent"), known, "{error}");
        }
    }
    assert!(
        registry
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_empty())
    );
    image.transport = Transport::PlainHttp;
    let error = push_all(&image, &[noise(10)]).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}
