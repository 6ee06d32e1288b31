//! Uploads that the registry sends elsewhere.

use super::super::{Error, RegistryImage};
use super::fake::{FakeRegistry, Reply, Request};
use super::store::{FakeStore, push_all};
use super::{basic, noise};

fn with_password(mut image: RegistryImage) -> RegistryImage {
    image.credentials = basic("u", "p");
    image
}

/// A registry that wants a login, whose responses `change` may replace.
fn registry(change: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> (FakeRegistry, FakeStore) {
    let store = FakeStore::default();
    let kept = store.clone();
    let registry = FakeRegistry::start(move |request, _| {
        if request.header("authorization").is_empty() {
            return Reply::new(401, "").with_header("www-authenticate", "Basic");
        }
        change(request).unwrap_or_else(|| store.respond(request))
    });
    (registry, kept)
}

/// Storage that accepts uploads as `status`, and like Amazon S3 refuses requests with two logins.
fn storage(status: u16) -> FakeRegistry {
    FakeRegistry::start(move |request, _| match request.header("authorization") {
        "" => Reply::new(status, ""),
        _ => Reply::new(400, "only one auth mechanism allowed"),
    })
}

#[test]
fn credentials_are_not_sent_to_another_upload_server() {
    let (store, there) = (FakeStore::default(), FakeStore::default());
    let other = FakeRegistry::start(move |request, _| there.respond(request));
    let url = other.url();
    let registry = FakeRegistry::start(move |request, _| {
        if request.header("authorization").is_empty() {
            return Reply::new(401, "").with_header("www-authenticate", "Basic");
        }
        match request.matches("POST", "/blobs/uploads/") {
            true => Reply::new(202, "").with_header(
                "location",
                format!("{url}/v2/tests/image/blobs/uploads/one?state=a%2Fb"),
            ),
            false => store.respond(request),
        }
    });
    let mut image = registry.image("");
    image.credentials = basic("u", "p");
    push_all(&image, &[noise(10)]).unwrap();
    let seen = other.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), "");
}

#[test]
fn redirected_uploads_are_sent_again_without_credentials() {
    for (redirect, stored) in [(307, 200), (308, 201), (307, 204), (302, 200)] {
        let other = storage(stored);
        let target = format!("{}/bucket/key?signature=hidden", other.url());
        let (registry, _) = registry(move |request| {
            let put = request.matches("PUT", "/blobs/uploads/");
            put.then(|| Reply::new(redirect, "").with_header("location", target.as_str()))
        });
        push_all(&with_password(registry.image("")), &[noise(300_000)]).unwrap();
        let seen = other.requests();
        assert_eq!(seen.len(), 1, "{redirect}");
        assert_eq!((seen[0].method.as_str(), seen[0].header("authorization")), ("PUT", ""));
        // The signature is for this query only.
        assert_eq!(seen[0].path, "/bucket/key?signature=hidden");
        assert!(seen[0].body == noise(300_000));
    }
}

#[test]
fn redirects_of_the_start_and_relative_locations_are_followed() {
    let (there, kept) = registry(|request| {
        // Relative to the path of the request.
        let post = request.matches("POST", "/elsewhere/");
        post.then(|| Reply::new(202, "").with_header("location", "../v2/tests/image/blobs/uploads/one?state=a%2Fb"))
    });
    // The host that is redirected to wants no login.
    let url = there.url();
    let open = FakeRegistry::start({
        let store = FakeStore::default();
        move |request, _| match request.path.as_str() {
            "/v2/tests/image/blobs/uploads/" => Reply::new(307, "").with_header("location", "/elsewhere/uploads?a=b"),
            path if path.starts_with("/elsewhere/") => {
                Reply::new(202, "").with_header("location", "../v2/tests/image/blobs/uploads/one?state=a%2Fb")
            }
            _ => store.respond(request),
        }
    });
    push_all(&open.image(""), &[noise(1000)]).unwrap();
    let lines = open.request_lines();
    let put = lines.iter().find(|line| line.starts_with("PUT blobs")).unwrap();
    assert!(
        put.starts_with("PUT blobs/uploads/one?state=a%2Fb&digest=sha256"),
        "{put}"
    );

    // On the same registry, credentials are sent along a redirect.
    let (same, _) = registry(|request| {
        let first = request.matches("PUT", "/uploads/one?");
        let target = || {
            request
                .path
                .replace("/uploads/one?", "/uploads/two?")
                .replace("%3A", ":")
        };
        if request.matches("PUT", "/uploads/two?") {
            return Some(Reply::new(201, "").with_header("location", "/there"));
        }
        first.then(|| Reply::new(307, "").with_header("location", target()))
    });
    push_all(&with_password(same.image("")), &[noise(1000)]).unwrap();
    let puts = same
        .requests()
        .into_iter()
        .filter(|request| request.matches("PUT", "/uploads/"));
    let sent: Vec<_> = puts.map(|put| put.header("authorization").to_owned()).collect();
    assert_eq!(sent, ["Basic dTpw", "Basic dTpw"]);

    // Another host's login is not this registry's.
    let (asks, _) = registry(move |request| {
        let post = request.matches("POST", "/uploads/");
        post.then(|| Reply::new(202, "").with_header("location", format!("{url}/v2/tests/image/blobs/uploads/one")))
    });
    let error = push_all(&with_password(asks.image("")), &[noise(10)]).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Misdirected { .. }), "{error}");
    assert!(
        text.contains("demands a login") && text.contains("`external_url`"),
        "{text}"
    );
    assert_eq!(kept.names(), Vec::<String>::new());
}

#[test]
fn redirects_that_cannot_be_followed_are_explained() {
    let fails = |reply: Reply| {
        let (registry, _) = registry(move |request| request.matches("PUT", "/uploads/").then(|| reply.clone()));
        push_all(&with_password(registry.image("")), &[noise(10)]).unwrap_err()
    };
    for reply in [
        Reply::new(303, "").with_header("location", "/result"),
        Reply::new(307, ""),
        Reply::new(307, "").with_header("location", "ftp://h.example/hidden"),
        // To itself.
        Reply::new(307, "").with_header("location", "/v2/tests/image/blobs/uploads/one?state=hidden"),
    ] {
        let error = fails(reply.clone());
        assert!(matches!(error, Error::InvalidResponse { .. }), "{reply:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
    }
    // Nothing listens on this port.
    let error = fails(Reply::new(307, "").with_header("location", "http://127.0.0.1:1/hidden"));
    let text = error.to_string();
    assert!(text.contains("http://127.0.0.1:1, which failed"), "{text}");
    assert!(text.contains("`external_url`") && !text.contains("hidden"), "{text}");
}

#[test]
fn uploads_that_start_on_another_host_stay_there_without_credentials() {
    let store = FakeStore::default();
    let other = store.serve();
    let url = other.url();
    let (registry, kept) = registry(move |request| {
        let post = request.matches("POST", "/blobs/uploads/");
        post.then(|| Reply::new(308, "").with_header("location", format!("{url}{}", request.path)))
    });
    push_all(&with_password(registry.image("")), &[noise(1000)]).unwrap();
    let seen = other.requests();
    let lines: Vec<_> = seen
        .iter()
        .map(|request| (request.method.as_str(), request.header("authorization")))
        .collect();
    assert_eq!(lines, [("POST", ""), ("PUT", "")]);
    // Only the manifest went to the registry.
    assert_eq!(kept.names().len(), 1);
}
