//! Registries that require authentication, and token services.

use serde_json::json;

use super::super::{Credentials, Error, pull, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, Reply, Request};
use super::{basic, noise};

/// A registry that sends `challenge` until a request has `authorization`.
fn registry(challenge: &str, authorization: &'static str) -> FakeRegistry {
    let contents = RegistryContents::image(&[noise(10)]);
    let challenge = challenge.to_owned();
    FakeRegistry::start(move |request, _| {
        let sent = request.header("authorization");
        if sent == authorization {
            return contents.respond(request);
        }
        // Some registries repeat credentials in their errors.
        let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": format!("no {sent}")}]});
        Reply::new(401, body.to_string()).with_header("www-authenticate", challenge.as_str())
    })
}

/// Returns a token service and the challenge that names it.
fn service(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (FakeRegistry, String) {
    let service = FakeRegistry::start(move |request, _| answer(request));
    let url = service.url();
    (service, format!("Bearer realm=\"{url}/token\",service=\"the service\""))
}

#[test]
fn basic_credentials_are_sent_after_a_challenge() {
    // "u:pä:ss" in Base64.
    let registry = registry("Basic realm=\"x\"", "Basic dTpww6Q6c3M=");
    let folder = tempfile::tempdir().unwrap();
    let mut image = registry.image("");
    let error = pull(&image, folder.path(), None, &|_| ()).unwrap_err();
    assert!(error.to_string().contains("no credentials are known"), "{error}");
    assert!(error.to_string().contains("docker login 127.0.0.1:"), "{error}");
    image.credentials = basic("u", "pä:ss");
    pull(&image, folder.path(), None, &|_| ()).unwrap();
    // Only the first request was unauthorized.
    let refused = registry.requests().into_iter().skip(1);
    assert_eq!(
        refused
            .filter(|request| request.header("authorization").is_empty())
            .count(),
        1
    );

    image.credentials = basic("u", "wrong-password");
    let error = pull(&image, folder.path(), None, &|_| ()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(!text.contains("wrong-password") && !text.contains("dTp3cm9u"), "{text}");
    // Once without credentials and once with them.
    assert_eq!(registry.request_lines().len(), 2);
}

#[test]
fn token_is_fetched_for_the_repository() {
    let (service, challenge) = service(|request| {
        let anonymous = request.header("authorization").is_empty();
        assert!(request.matches(
            "GET",
            "/token?scope=repository%3Atests%2Fimage%3Apull&service=the+service"
        ));
        match anonymous || request.header("authorization") == "Basic dTpw" {
            true => Reply::new(200, r#"{"token": "", "access_token": "abc", "expires_in": 60}"#),
            false => Reply::new(401, r#"{"details": "incorrect username or password"}"#),
        }
    });
    let registry = registry(&challenge, "Bearer abc");
    let mut image = registry.image("");
    for credentials in [Credentials::Anonymous, basic("u", "p")] {
        image.credentials = credentials;
        resolve(&image).unwrap();
        assert_eq!((service.request_lines().len(), registry.request_lines().len()), (1, 2));
    }
    image.credentials = basic("u", "wrong");
    let error = resolve(&image).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    image.credentials = Credentials::RegistryToken("abc".into());
    resolve(&image).unwrap();
}

#[test]
fn identity_token_is_exchanged() {
    let (service, challenge) = service(|request| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert!(
            request.matches("POST", "/token") && body.contains("grant_type=refresh_token"),
            "{body}"
        );
        assert!(body.contains("scope=repository%3Atests%2Fimage%3Apull"), "{body}");
        match body.contains("refresh_token=secret%2Fidentity") {
            true => Reply::new(200, r#"{"access_token": "abc"}"#),
            false => Reply::new(401, ""),
        }
    });
    let registry = registry(&challenge, "Bearer abc");
    let mut image = registry.image("");
    image.credentials = Credentials::IdentityToken("secret/identity".into());
    resolve(&image).unwrap();
    assert_eq!(service.request_lines().len(), 1);
    image.credentials = Credentials::IdentityToken("old".into());
    assert!(matches!(resolve(&image).unwrap_err(), Error::Unauthorized { .. }));
}

#[test]
fn token_service_that_redirects_elsewhere_gets_nothing_sent_there() {
    let (other, _) = service(|_| Reply::new(200, r#"{"token": "abc"}"#));
    let url = other.url();
    // The service is another server than the registry, and then the registry itself.
    for own in [false, true] {
        for status in [302, 307] {
            let answer = {
                let url = url.clone();
                move || Reply::new(status, "").with_header("location", format!("{url}/token?hidden"))
            };
            let (_service, challenge) = service({
                let answer = answer.clone();
                move |_| answer()
            });
            let registry = FakeRegistry::start(move |request, _| {
                let realm = match own {
                    true => format!("Bearer realm=\"http://{}/token\"", request.header("host")),
                    false => challenge.clone(),
                };
                match request.path.starts_with("/token") {
                    true => answer(),
                    false => Reply::new(401, "").with_header("www-authenticate", realm),
                }
            });
            let mut image = registry.image("");
            for credentials in [basic("u", "p"), Credentials::IdentityToken("identity".into())] {
                image.credentials = credentials;
                let error = resolve(&image).unwrap_err();
                let text = error.to_string();
                assert_eq!(matches!(error, Error::Misdirected { .. }), !own, "{text}");
                assert!(!text.contains("hidden"), "{text}");
            }
        }
    }
    assert_eq!(other.request_lines(), Vec::<String>::new());
}

#[test]
fn token_service_errors_do_not_repeat_the_request() {
    let (_service, challenge) = service(|request| {
        let body = String::from_utf8_lossy(&request.body);
        let message = format!("{} {body}", request.header("authorization"));
        Reply::new(
            400,
            json!({"errors": [{"code": "BAD", "message": message}]}).to_string(),
        )
    });
    let registry = registry(&challenge, "Bearer abc");
    let mut image = registry.image("");
    for credentials in [basic("u", "p"), Credentials::IdentityToken("i/d".into())] {
        image.credentials = credentials;
        let error = resolve(&image).unwrap_err().to_string();
        assert!(error.contains("(HTTP 400) with the credentials"), "{error}");
        assert!(!error.contains("dTpw") && !error.contains("i%2Fd"), "{error}");
    }
}

#[test]
fn token_service_errors_are_retried_or_reported() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let (_service, challenge) = service(
        move |_| match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 | 1 => Reply::new(503, ""),
            _ => Reply::new(200, r#"{"token": "abc"}"#),
        },
    );
    resolve(&registry(&challenge, "Bearer abc").image("")).unwrap();

    let endless = vec![b'x'; 2 << 20];
    let answers = [
        br#"{"token": "a\nb"}"#.as_slice(),
        br#"{"token": ""}"#,
        br#"{"token": 1, "secret-token": "hidden"}"#,
        b"hidden",
        b"{}",
        &endless,
    ];
    for answer in answers.map(<[u8]>::to_vec) {
        let (_service, challenge) = service(move |_| Reply::new(200, answer.clone()));
        let error = resolve(&registry(&challenge, "Bearer abc").image("")).unwrap_err();
        assert!(matches!(error, Error::InvalidResponse { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
    }
    let challenge = "Bearer realm=\"http://auth.example/token\"";
    let error = resolve(&registry(challenge, "Bearer abc").image("")).unwrap_err();
    assert!(error.to_string().contains("neither https"), "{error}");
}

#[test]
fn credentials_are_not_sent_to_redirect_targets() {
    let contents = RegistryContents::image(&[noise(10)]);
    let other = contents.serve();
    let url = other.url();
    let registry = FakeRegistry::start(move |request, _| {
        if request.header("authorization").is_empty() {
            return Reply::new(401, "").with_header("www-authenticate", "Basic");
        }
        match request.path.contains("/blobs/") {
            true => Reply::new(307, "").with_header("location", format!("{url}{}?signature=hidden", request.path)),
            false => contents.respond(request),
        }
    });
    let mut image = registry.image("");
    image.credentials = basic("u", "p");
    let folder = tempfile::tempdir().unwrap();
    // The pull fails, because the fake takes the query for a part of the name.
    let error = pull(&image, folder.path(), None, &|_| ()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
    let seen = other.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), "");
}
