//! Blobs that are mounted from other repositories of the registry.

use std::collections::BTreeMap;

use layer::Digest;
use serde_json::json;

use super::super::push::push;
use super::super::{Credentials, ProgressEvent, RegistryImage};
use super::fake::{FakeRegistry, IMAGE, Reply, Request};
use super::store::{FakeStore, blob, push_all};
use super::{digest_of, noise};

fn parameters(request: &Request) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://h{}", request.path)).unwrap();
    let pairs = url.query_pairs();
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// A registry that answers mounts as `answer` says, from the digest and the other repository.
fn registry(answer: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static) -> (FakeRegistry, FakeStore) {
    let store = FakeStore::default();
    let kept = store.clone();
    let registry = FakeRegistry::start(move |request, _| {
        let parameters = parameters(request);
        let mount = match (request.method.as_str(), parameters.get("mount"), parameters.get("from")) {
            ("POST", Some(digest), Some(from)) => answer(digest, from),
            _ => None,
        };
        mount.unwrap_or_else(|| store.respond(request))
    });
    (registry, kept)
}

fn mounted() -> Reply {
    Reply::new(201, "").with_header("location", "/v2/tests/image/blobs/x")
}

#[test]
fn known_blobs_are_mounted_and_others_sent() {
    let known = digest_of(&noise(1000));
    let (registry, store) = registry(move |digest, from| (digest == known && from == "team/base").then(mounted));
    let mut image = registry.image(":v1");
    image.mount_from = vec!["other".into(), "team/base".into()];
    push_all(&image, &[noise(1000), noise(20)]).unwrap();
    assert_eq!(
        store.names().len(),
        2,
        "only the new blob and the manifest are sent: {:?}",
        store.names()
    );
    let lines = registry.request_lines();
    let posts: Vec<_> = lines.iter().filter(|line| line.starts_with("POST")).collect();
    // Two mounts for each blob; the second answer of the new blob has the URL for its bytes.
    assert_eq!(posts.len(), 4, "{posts:?}");
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("PUT blobs/")).count(),
        1,
        "{lines:?}"
    );
}

#[test]
fn refused_mounts_are_followed_by_an_upload() {
    for status in [400, 401, 403, 404, 405, 500, 501] {
        let (registry, store) = registry(move |_, _| Some(Reply::new(status, "")));
        let mut image = registry.image(":v1");
        image.mount_from = vec!["team/base".into()];
        push_all(&image, &[noise(1000)]).unwrap();
        assert_eq!(store.names().len(), 2, "{status}");
    }
}

#[test]
fn mount_is_not_repeated_after_a_failed_upload() {
    let store = FakeStore::default();
    let registry = FakeRegistry::start(move |request, before| match (before, request.method.as_str()) {
        // First the mount, and then the upload that is started by it.
        (2, "POST") => Reply::new(429, "").with_header("retry-after", "0"),
        (5, "PUT") => Reply::new(500, ""),
        _ => store.respond(request),
    });
    let mut image = registry.image("");
    image.mount_from = vec!["team/base".into()];
    push_all(&image, &[noise(1000)]).unwrap();
    let lines = registry.request_lines();
    let posts: Vec<_> = lines.iter().filter(|line| line.starts_with("POST")).collect();
    let mounts: Vec<_> = posts.iter().map(|line| line.contains("from=team%2Fbase")).collect();
    assert_eq!(mounts, [true, true, false], "{posts:?}");
}

/// Pushes an image whose manifest names its base.
fn push_with_base(image: &RegistryImage, base: &str) -> Vec<bool> {
    let manifest = json!({"annotations": {"org.opencontainers.image.base.name": base}}).to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    fs_err::write(&path, noise(1000)).unwrap();
    let known = blob(Digest::of(&noise(1000)), 1000, &path);
    let present = std::cell::RefCell::new(Vec::new());
    push(image, &[known], manifest.as_bytes(), IMAGE, &|event| {
        if let ProgressEvent::Blob { present: found, .. } = event {
            present.borrow_mut().push(*found);
        }
    })
    .unwrap();
    present.into_inner()
}

#[test]
fn base_of_the_same_registry_is_a_source() {
    let (registry, _) = registry(|_, from| (from == "team/base").then(mounted));
    let image = registry.image("");
    let host = image.registry();
    assert_eq!(push_with_base(&image, &format!("{host}/team/base:1")), [true]);
    for other in ["team/base:1", "h.example/team/base", "", "not a reference"] {
        registry.requests();
        push_with_base(&image, other);
        assert!(
            registry.request_lines().iter().all(|line| !line.contains("mount=")),
            "{other}"
        );
    }
    // A repository is not mounted from itself.
    let registry = FakeStore::default().serve();
    let image = registry.image("");
    let own = format!("{}/tests/image:1", image.registry());
    assert_eq!(push_with_base(&image, &own), [false]);
    assert!(registry.request_lines().iter().all(|line| !line.contains("mount=")));
}

#[test]
fn token_is_for_both_repositories_if_possible() {
    for denies in [false, true] {
        let service = FakeRegistry::start(move |request, _| {
            let scopes = [request.path.as_bytes(), &request.body].concat();
            let both = String::from_utf8_lossy(&scopes).contains("team%2Fbase%3Apull");
            match both && denies {
                true => Reply::new(403, ""),
                false => Reply::new(200, r#"{"token": "abc"}"#),
            }
        });
        let challenge = format!("Bearer realm=\"{}\"", service.url());
        let store = FakeStore::default();
        let registry = FakeRegistry::start(move |request, _| match request.header("authorization") {
            "Bearer abc" => store.respond(request),
            _ => Reply::new(401, "").with_header("www-authenticate", challenge.as_str()),
        });
        let mut image = registry.image("");
        image.mount_from = vec!["team/base".into()];
        image.credentials = Credentials::Anonymous;
        push_all(&image, &[noise(10)]).unwrap();
        let lines = service.request_lines();
        assert_eq!(lines.len(), if denies { 2 } else { 1 }, "{lines:?}");
        assert!(
            lines[0].contains("image%3Apull%2Cpush&scope=repository%3Ateam%2Fbase%3Apull"),
            "{lines:?}"
        );
        // OAuth has one parameter for all scopes.
        image.credentials = Credentials::IdentityToken("identity".into());
        push_all(&image, &[noise(20)]).unwrap();
        let body = String::from_utf8(service.requests()[0].body.clone()).unwrap();
        assert!(
            body.contains("image%3Apull%2Cpush+repository%3Ateam%2Fbase%3Apull&"),
            "{body}"
        );
    }
}
