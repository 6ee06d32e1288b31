//! Registries that speak TLS, with certificates of a private authority.

use std::io::{Read, Write};
use std::net::TcpListener;

use fs_err as fs;
use layer::Digest;

use super::super::{Error, HostSettings, RegistryImage, Transport, pull, resolve};
use super::certificates::Authority;
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, Reply};
use super::noise;
use super::store::{FakeStore, push_all};

fn registry(authority: &Authority, name: &str, client: bool) -> (FakeRegistry, Digest) {
    let contents = RegistryContents::image(&[noise(300_000)]);
    let digest = Digest::of(&contents.manifests["latest"].1);
    let registry = FakeRegistry::start_tls(authority.server(name, client), move |request, _| {
        contents.respond(request)
    });
    (registry, digest)
}

/// Files of certificates for the registry of `image`, as Docker and podman keep them.
fn with_files(image: &RegistryImage, files: &[(&str, &str)]) -> Result<RegistryImage, Error> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/containers/certs.d").join(image.registry());
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    let mut image = image.clone();
    HostSettings::of_user(home.path()).apply(&mut image, &[])?;
    Ok(image)
}

#[test]
fn private_authorities_are_trusted_for_their_registry() {
    let authority = Authority::new();
    let (registry, digest) = registry(&authority, "127.0.0.1", false);
    let mut unknown = registry.image("");
    unknown.transport = Transport::Tls;
    let error = resolve(&unknown).unwrap_err().to_string();
    let folder = format!("/etc/docker/certs.d/{}/ca.crt", unknown.registry());
    assert!(error.contains("SSL_CERT_FILE") && error.contains(&folder), "{error}");
    // A handshake that fails is not retried.
    assert!(!error.contains("gave up"), "{error}");

    let other = Authority::new().pem();
    let bundle = other.clone() + &authority.pem();
    for files in [
        vec![("ca.crt", authority.pem())],
        vec![
            ("a.crt", other.clone()),
            ("b.crt", authority.pem()),
            ("README", "x".into()),
        ],
        vec![("ca.crt", bundle)],
    ] {
        let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_str())).collect();
        let image = with_files(&registry.image(""), &files).unwrap();
        // Certificates mean TLS, although the registry is on this machine.
        assert_eq!(image.transport, Transport::Tls);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(pull(&image, folder.path(), None, &|_| ()).unwrap().digest, digest);
    }
    let image = with_files(&registry.image(""), &[("ca.crt", &other)]).unwrap();
    let error = resolve(&image).unwrap_err().to_string();
    assert!(
        error.contains("no known authority has issued the certificate"),
        "{error}"
    );
}

#[test]
fn client_certificate_is_sent_if_demanded() {
    let authority = Authority::new();
    let (registry, digest) = registry(&authority, "127.0.0.1", true);
    let ca = authority.pem();
    let image = with_files(&registry.image(""), &[("ca.crt", &ca)]).unwrap();
    let error = resolve(&image).unwrap_err().to_string();
    assert!(error.contains("client.cert") && error.contains("client.key"), "{error}");

    let client = authority.issue("client");
    let files = [
        ("ca.crt", ca.as_str()),
        ("client.cert", &client.certificate),
        ("client.key", &client.key),
    ];
    assert_eq!(
        resolve(&with_files(&registry.image(""), &files).unwrap()).unwrap(),
        digest
    );
    let swapped = [
        ("client.cert", client.key.as_str()),
        ("client.key", &client.certificate),
    ];
    let damaged = [("client.cert", client.certificate.as_str()), ("client.key", "")];
    let alone = [("client.cert", client.certificate.as_str())];
    assert!(
        with_files(&registry.image(""), &swapped).is_ok(),
        "both are in one bundle"
    );
    for files in [damaged.as_slice(), &alone] {
        let error = with_files(&registry.image(""), files).unwrap_err().to_string();
        assert!(error.contains("client.key"), "{error}");
    }
}

#[test]
fn certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let (registry, _) = registry(&authority, "other.example", false);
    let image = with_files(&registry.image(""), &[("ca.crt", &authority.pem())]).unwrap();
    let error = resolve(&image).unwrap_err().to_string();
    assert!(
        error.contains("other.example") && error.contains("an address that the certificate is for"),
        "{error}"
    );
}

#[test]
fn insecure_registry_speaks_tls_with_any_certificate_or_plain_http() {
    let (tls, digest) = registry(&Authority::new(), "other.example", false);
    let mut image = tls.image("");
    image.transport = Transport::Insecure;
    assert_eq!(resolve(&image).unwrap(), digest);

    let store = FakeStore::default();
    let plain = store.serve();
    let mut image = plain.image("");
    image.transport = Transport::Insecure;
    push_all(&image, &[noise(1000)]).unwrap();
    assert_eq!(store.names().len(), 2);

    // Nothing listens on this port, for either scheme.
    let mut image = RegistryImage::parse("127.0.0.1:1/a").unwrap();
    image.retry_policy = plain.image("").retry_policy;
    image.transport = Transport::Insecure;
    let error = resolve(&image).unwrap_err().to_string();
    assert!(
        error.contains("failed to reach 127.0.0.1:1") && error.contains("gave up at attempt 4"),
        "{error}"
    );
}

#[test]
fn registry_on_this_machine_may_speak_tls() {
    let authority = Authority::new();
    // This server answers plain HTTP with a TLS alert.
    let (registry, _) = registry(&authority, "127.0.0.1", false);
    let image = registry.image("");
    assert_eq!(image.transport, Transport::PlainHttp);
    let error = resolve(&image).unwrap_err().to_string();
    assert!(error.contains("SSL_CERT_FILE"), "{error}");
}

#[test]
fn plain_http_is_answered_by_the_text_of_web_servers() {
    for text in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
        "no manifest",
    ] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut image = RegistryImage::parse(&format!("{}/a", listener.local_addr().unwrap())).unwrap();
        image.retry_policy.max_attempts = 1;
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let mut first = [0; 1];
                socket.read_exact(&mut first).unwrap();
                // Neither does this server speak TLS.
                let _ = write!(socket, "HTTP/1.0 400 Bad Request\r\n\r\n{text}");
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&image, folder.path(), None, &|_| ()).unwrap_err().to_string();
        let expected = if text == "no manifest" {
            "refuses manifest"
        } else {
            "does not speak TLS"
        };
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn plain_http_behind_tls_is_explained() {
    // As behind a proxy that speaks TLS, if the registry does not know of it.
    let authority = Authority::new();
    let store = FakeStore::default();
    let uploads = FakeRegistry::start_tls(authority.server("127.0.0.1", false), move |request, _| {
        let mut reply = store.respond(request);
        for (_, location) in reply.headers.iter_mut().filter(|(name, _)| name == "location") {
            *location = format!("http://registry.test{location}&hidden");
        }
        reply
    });
    let tokens = FakeRegistry::start_tls(authority.server("127.0.0.1", false), |_, _| {
        let realm = "Bearer realm=\"http://registry.test/service/token?hidden\"";
        Reply::new(401, "").with_header("www-authenticate", realm)
    });
    for registry in [uploads, tokens] {
        let image = with_files(&registry.image(""), &[("ca.crt", &authority.pem())]).unwrap();
        let error = push_all(&image, &[noise(10)]).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Misdirected { .. }), "{error}");
        for part in [
            "http://registry.test, which failed",
            "`external_url`",
            "X-Forwarded-Proto",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("hidden") && !text.contains("gave up"), "{text}");
    }
}
