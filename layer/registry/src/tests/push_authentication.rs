//! Pushes to registries that require authentication, and expire tokens.

use super::super::{Credentials, Error};
use super::fake::{FakeRegistry, Reply};
use super::store::{FakeStore, push_all};
use super::{basic, noise};
use layer::Digest;

#[test]
fn expired_token_is_renewed_once() {
    for forever in [false, true] {
        let store = FakeStore::default();
        let service = FakeRegistry::start(|request, before| {
            assert!(request.path.contains("pull%2Cpush"), "{}", request.path);
            Reply::new(200, format!("{{\"token\": \"t{before}\"}}"))
        });
        let challenge = format!("Bearer realm=\"{}\"", service.url());
        let registry = FakeRegistry::start(move |request, _| {
            let sent = request.header("authorization");
            // HEAD needs no token, and the first token is valid for one blob.
            let used = store.names().len();
            let good = match (sent, request.method.as_str()) {
                ("", method) => method == "HEAD",
                ("Bearer t0", "POST" | "PUT") => used == 0,
                (_, "POST") => !forever,
                _ => true,
            };
            match good {
                true => store.respond(request),
                false => Reply::new(401, "").with_header("www-authenticate", challenge.as_str()),
            }
        });
        let mut image = registry.image("");
        image.credentials = basic("u", "p");
        let pushed = push_all(&image, &[noise(10), noise(20)]);
        match forever {
            false => assert_eq!(pushed.unwrap(), Digest::of(b"manifest")),
            true => assert!(matches!(pushed, Err(Error::Unauthorized { .. }))),
        }
        assert_eq!(service.request_lines().len(), 2);
    }
}

#[test]
fn unauthorized_upload_is_retried_at_most_once() {
    for (challenge, credentials, puts) in [
        ("Basic", "u", 1),
        ("Bearer realm=\"SERVICE\"", "u", 2),
        ("Bearer realm=\"SERVICE\"", "", 1),
    ] {
        let store = FakeStore::default();
        let service = FakeRegistry::start(|_, before| Reply::new(200, format!("{{\"token\": \"t{before}\"}}")));
        let challenge = challenge.replace("SERVICE", &service.url());
        let registry = FakeRegistry::start(move |request, _| {
            let refused = request.matches("PUT", "/blobs/uploads/");
            match refused || request.header("authorization").is_empty() {
                true => Reply::new(401, "").with_header("www-authenticate", challenge.as_str()),
                false => store.respond(request),
            }
        });
        let mut image = registry.image("");
        image.credentials = match credentials {
            "" => Credentials::RegistryToken("abc".into()),
            user => basic(user, "p"),
        };
        let error = push_all(&image, &[noise(10)]).unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
        let seen = registry.request_lines();
        let found = seen.iter().filter(|line| line.starts_with("PUT "));
        assert_eq!(found.count(), puts, "{seen:?}");
    }
}

#[test]
fn basic_credentials_are_sent_without_a_challenge() {
    let store = FakeStore::default();
    let registry = FakeRegistry::start(move |request, _| {
        let known = request.header("authorization") == "Basic dTpw";
        match request.method.as_str() {
            "GET" | "HEAD" => store.respond(request),
            _ if known => store.respond(request),
            _ => Reply::new(401, ""),
        }
    });
    let mut image = registry.image("");
    assert!(matches!(
        push_all(&image, &[noise(10)]),
        Err(Error::Unauthorized { .. })
    ));
    image.credentials = basic("u", "p");
    push_all(&image, &[noise(10)]).unwrap();
}
