//! Settings in environment variables: proxies and authorities. They belong to a whole process, so each test starts this
//! program again.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use fs_err as fs;
use layer::Digest;

use super::super::{HostSettings, RegistryImage, resolve};
use super::certificates::Authority;
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, Reply};
use super::noise;

/// A host whose name is not resolved, because only the proxy connects to it.
const HOST: &str = "registry.test";

/// The image that a process with other settings resolves.
const IMAGE_VARIABLE: &str = "IMAGE_OF_REGISTRY_TEST";

/// The other tests start this one again, in a process with their settings.
#[test]
fn image_of_the_environment_is_resolved() {
    let Ok(image) = std::env::var(IMAGE_VARIABLE) else {
        let (contents, resolved) = contents();
        let registry = contents.serve();
        let output = resolve_with(&registry.image("").reference.whole(), &[]);
        assert!(output.contains(&resolved), "{output}");
        return;
    };
    let mut image = RegistryImage::parse(&image).unwrap();
    image.retry_policy.max_attempts = 1;
    let plain_http: Vec<_> = std::env::var("PLAIN_HTTP").into_iter().collect();
    let settings = HostSettings::from_environment(&|name| std::env::var_os(name));
    settings.apply(&mut image, &plain_http).unwrap();
    match resolve(&image) {
        Ok(digest) => println!("resolved {digest}"),
        Err(error) => println!("failed: {error}"),
    }
}

/// Resolves the image in a process with these environment variables and no others; returns what it prints.
fn resolve_with(image: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "tests::environment::image_of_the_environment_is_resolved",
        "--nocapture",
    ]);
    command
        .env_clear()
        .env(IMAGE_VARIABLE, image)
        .envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{text}{}", String::from_utf8_lossy(&stderr));
    text
}

fn contents() -> (RegistryContents, String) {
    let contents = RegistryContents::image(&[noise(10)]);
    let resolved = format!("resolved {}", Digest::of(&contents.manifests["latest"].1));
    (contents, resolved)
}

#[test]
fn plain_http_goes_through_the_proxy_of_its_variable() {
    let (contents, resolved) = contents();
    let proxy = contents.serve();
    let (url, image) = (proxy.url(), format!("{HOST}:5000/tests/image"));
    let plain = ("PLAIN_HTTP", "registry.test:5000");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let output = resolve_with(&image, &[plain, (name, &url)]);
        assert!(output.contains(&resolved), "{name}: {output}");
        let seen = proxy.requests();
        assert_eq!(
            seen[0].path, "http://registry.test:5000/v2/tests/image/manifests/latest",
            "{name}"
        );
    }
    // Neither of these is for this request.
    for variables in [
        [("HTTPS_PROXY", url.as_str()), ("UNUSED", "")],
        [("HTTP_PROXY", url.as_str()), ("NO_PROXY", HOST)],
        [("HTTP_PROXY", url.as_str()), ("no_proxy", ".test")],
        [("HTTP_PROXY", url.as_str()), ("NO_PROXY", "other,*")],
        [("HTTP_PROXY", url.as_str()), ("NO_PROXY", "registry.test:5000")],
    ] {
        let output = resolve_with(&image, &[&[plain], variables.as_slice()].concat());
        assert!(
            output.contains("failed to reach registry.test:5000"),
            "{variables:?}: {output}"
        );
        assert_eq!(proxy.request_lines(), Vec::<String>::new(), "{variables:?}");
    }
}

#[test]
fn registries_on_this_machine_need_no_proxy() {
    let (contents, resolved) = contents();
    let registry = contents.serve();
    let image = registry.image("").reference.whole();
    let output = resolve_with(&image, &[("HTTP_PROXY", "http://127.0.0.1:1")]);
    assert!(output.contains(&resolved), "{output}");
}

#[test]
fn plain_http_needs_no_authorities() {
    let (contents, resolved) = contents();
    let registry = contents.serve();
    let missing = ("SSL_CERT_FILE", "/nonexistent/authorities.pem");
    let output = resolve_with(&registry.image("").reference.whole(), &[missing]);
    assert!(output.contains(&resolved), "{output}");
    // By TLS, nobody is trusted.
    let authority = Authority::new();
    let registry = FakeRegistry::start_tls(authority.server("127.0.0.1", false), |_, _| Reply::new(200, ""));
    let output = resolve_with(&registry.image("").reference.whole(), &[missing]);
    assert!(
        output.contains("name a file of authorities in SSL_CERT_FILE"),
        "{output}"
    );
}

#[test]
fn proxy_of_another_protocol_is_refused_by_name() {
    let output = resolve_with(
        &format!("{HOST}/tests/image"),
        &[("ALL_PROXY", "socks5://u:hidden@h:1")],
    );
    assert!(output.contains("ALL_PROXY does not name a proxy for HTTP"), "{output}");
    assert!(!output.contains("hidden"), "{output}");
}

/// A proxy that connects every tunnel to `target`; returns its URL and the lines of requests.
fn tunnel(target: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let log = Arc::<Mutex<Vec<String>>>::default();
    let kept = log.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut lines = BufReader::new(client.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            kept.lock().unwrap().extend(lines.next());
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            let server = TcpStream::connect(&target).unwrap();
            (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            thread::spawn(move || std::io::copy(&mut &client, &mut &server));
        }
    });
    (url, log)
}

#[test]
fn tls_goes_through_a_tunnel_and_trusts_the_authorities_of_a_variable() {
    let (contents, resolved) = contents();
    let authority = Authority::new();
    let registry = FakeRegistry::start_tls(authority.server(HOST, false), move |request, _| {
        contents.respond(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    fs::write(&file, Authority::new().pem() + &authority.pem()).unwrap();
    let trust = ("SSL_CERT_FILE", file.to_str().unwrap());
    let (url, seen) = tunnel(registry.url().replace("http://", ""));
    let image = format!("{HOST}/tests/image");
    let output = resolve_with(&image, &[trust, ("HTTPS_PROXY", &url)]);
    assert!(output.contains(&resolved), "{output}");
    assert_eq!(*seen.lock().unwrap(), ["CONNECT registry.test:443 HTTP/1.1"]);

    let output = resolve_with(&image, &[("https_proxy", &url)]);
    assert!(output.contains("/etc/docker/certs.d/registry.test/ca.crt"), "{output}");
    // A proxy that cannot be reached.
    let output = resolve_with(&image, &[trust, ("HTTPS_PROXY", "http://127.0.0.1:1")]);
    assert!(output.contains("failed to reach registry.test"), "{output}");
    assert!(output.contains("the proxy of HTTPS_PROXY is used"), "{output}");
}

#[test]
fn plain_http_must_be_permitted() {
    let (contents, resolved) = contents();
    let registry = contents.serve();
    // An address of this machine that is not known as such.
    let host = registry.url().replace("http://127.0.0.1", "0.0.0.0");
    let image = format!("{host}/tests/image");
    let output = resolve_with(&image, &[]);
    assert!(output.contains(&format!("`--plain-http {host}`")), "{output}");
    assert!(output.contains("insecure-registries"), "{output}");
    for permitted in [host.as_str(), "0.0.0.0"] {
        let output = resolve_with(&image, &[("PLAIN_HTTP", permitted)]);
        assert!(output.contains(&resolved), "{output}");
    }
    let home = tempfile::tempdir().unwrap();
    let docker = home.path().join(".config/docker");
    fs::create_dir_all(&docker).unwrap();
    fs::write(
        docker.join("daemon.json"),
        format!(r#"{{"insecure-registries": ["{host}"]}}"#),
    )
    .unwrap();
    let output = resolve_with(&image, &[("HOME", home.path().to_str().unwrap())]);
    assert!(output.contains(&resolved), "{output}");
}

#[test]
fn plain_http_that_redirects_to_tls_is_followed_there() {
    let (contents, resolved) = contents();
    let authority = Authority::new();
    let registry = FakeRegistry::start_tls(authority.server(HOST, false), move |request, _| {
        if request.path.starts_with("/token") {
            return Reply::new(200, r#"{"token": "abc"}"#);
        }
        match request.header("authorization") {
            "Bearer abc" => contents.respond(request),
            // Only the registry itself may ask for a login.
            _ => Reply::new(401, "").with_header("www-authenticate", "Bearer realm=\"https://registry.test/token\""),
        }
    });
    let plain = FakeRegistry::start(|request, _| {
        Reply::new(301, "").with_header("location", request.path.replace("http://", "https://"))
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    fs::write(&file, authority.pem()).unwrap();
    let (url, _) = tunnel(registry.url().replace("http://", ""));
    let output = resolve_with(
        &format!("{HOST}/tests/image"),
        &[
            ("PLAIN_HTTP", HOST),
            ("HTTP_PROXY", &plain.url()),
            ("HTTPS_PROXY", &url),
            ("SSL_CERT_FILE", file.to_str().unwrap()),
        ],
    );
    assert!(output.contains(&resolved), "{output}");
}
