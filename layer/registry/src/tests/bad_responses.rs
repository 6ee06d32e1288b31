//! Registries that send wrong data: it is reported and discarded.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;

use super::super::manifest::{DIGEST_HEADER, MAX_MANIFEST_SIZE};
use super::super::{Error, RegistryImage, Transport, pull, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, IMAGE, INDEX, Reply, Request};
use super::{digest_of, noise, partial_files};

/// Pulls from a registry whose responses for the layer are modified by `change`.
fn pull_modified(change: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> (Error, FakeRegistry, String) {
    let contents = RegistryContents::image(&[noise(100_000)]);
    let layer = contents.layer_digest();
    let registry = FakeRegistry::start({
        let layer = layer.clone();
        move |request, _| {
            let reply = contents.respond(request);
            match request.path.ends_with(&layer) {
                true => change(request, reply),
                false => reply,
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
    assert_nothing_written(folder.path(), &layer);
    (error, registry, layer)
}

fn assert_nothing_written(folder: &Path, layer: &str) {
    let blobs = folder.join("blobs/sha256");
    assert!(!blobs.join(layer.replace("sha256:", "")).exists());
    assert!(!folder.join("index.json").exists());
    assert_eq!(partial_files(folder), Vec::<String>::new());
}

#[test]
fn digest_mismatch_names_both_digests() {
    let wrong = || {
        let mut bytes = noise(100_000);
        bytes[77_777] ^= 1;
        bytes
    };
    let (error, registry, layer) = pull_modified(move |_, reply| Reply { body: wrong(), ..reply });
    let text = error.to_string();
    for part in [&layer, &digest_of(&wrong()), &registry.url().replace("http://", "")] {
        assert!(text.contains(part.as_str()), "{text}");
    }
    assert!(matches!(error, Error::DigestMismatch { .. }));
    // A wrong digest is not retried.
    assert_eq!(registry.request_lines().len(), 3);
}

#[test]
fn size_mismatch_is_rejected() {
    let longer = || [noise(100_000), vec![7; 5_000_000]].concat();
    let (error, ..) = pull_modified(move |_, reply| Reply {
        body: longer(),
        ..reply
    });
    assert!(error.to_string().contains("100000 bytes and has 5100000"), "{error}");
    let (error, ..) = pull_modified(move |_, reply| Reply {
        body: longer(),
        chunked: true,
        ..reply
    });
    assert!(error.to_string().contains("100000 bytes and has more"), "{error}");
    let (error, registry, _) = pull_modified(|_, reply| Reply {
        body: noise(99_999),
        ..reply
    });
    assert!(error.to_string().contains("100000 bytes and has 99999"), "{error}");
    assert_eq!(registry.request_lines().len(), 3);
}

#[test]
fn wrong_content_range_is_rejected() {
    let contents = RegistryContents::image(&[noise(100_000)]);
    let layer = contents.layer_digest();
    let registry = FakeRegistry::start(move |request, before| {
        let mut reply = contents.respond(request);
        if request.path.ends_with(&layer) {
            reply.truncate_at = (before == 2).then_some(50_000);
            for (_, value) in reply.headers.iter_mut().filter(|(name, _)| name == "content-range") {
                *value = "bytes 0-49999/100000".into();
            }
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.image(""), folder.path(), None, &|_| ()).unwrap_err();
    assert!(error.to_string().contains("another range"), "{error}");
}

#[test]
fn manifest_digest_mismatch_is_rejected() {
    let contents = RegistryContents::image(&[noise(10)]);
    let (_, honest) = contents.manifests["latest"].clone();
    let registry = FakeRegistry::start({
        let contents = contents.clone();
        move |request, _| {
            let mut reply = contents.respond(request);
            if request.path.contains("manifests") {
                reply.body.push(b' ');
            }
            reply
        }
    });
    let found = digest_of(&[honest.as_slice(), b" "].concat());
    // The expected digest is in the header for a tag, and in the reference for a digest.
    for version in [":latest".to_owned(), format!("@{}", digest_of(&honest))] {
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.image(&version), folder.path(), None, &|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&found) && text.contains(&digest_of(&honest)), "{text}");
    }
    let registry = FakeRegistry::start(|_, _| Reply::new(200, "").with_header(DIGEST_HEADER, digest_of(b"other")));
    let error = resolve(&registry.image(&format!("@{}", digest_of(&honest)))).unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
}

#[test]
fn oversized_manifests_are_rejected() {
    for chunked in [false, true] {
        let registry = FakeRegistry::start(move |_, _| Reply {
            chunked,
            ..Reply::new(200, vec![b' '; usize::try_from(MAX_MANIFEST_SIZE).unwrap() + 1])
        });
        let error = pull_from(&registry.image(""));
        assert!(error.to_string().contains("longer than 4194304 bytes"), "{error}");
        assert_eq!(registry.request_lines().len(), 1);
    }
}

fn pull_from(image: &RegistryImage) -> Error {
    let folder = tempfile::tempdir().unwrap();
    pull(image, folder.path(), None, &|_| ()).unwrap_err()
}

#[test]
fn index_sizes_and_media_types_are_checked() {
    let mut contents = RegistryContents::default();
    let mut image = contents.add_image("amd64", &[noise(10)], "image");
    image["size"] = json!(1);
    let index = json!({"schemaVersion": 2, "manifests": [image]});
    contents.add_manifest(INDEX, &index, "latest");
    image["size"] = json!(MAX_MANIFEST_SIZE + 1);
    let index = json!({"schemaVersion": 2, "manifests": [image]});
    contents.add_manifest(INDEX, &index, "long");
    let registry = contents.serve();
    let error = pull_from(&registry.image(""));
    assert!(matches!(error, Error::SizeMismatch { expected: 1, .. }), "{error}");
    let error = pull_from(&registry.image(":long"));
    assert!(error.to_string().contains("over 4194304"), "{error}");

    // Each index lists another one.
    let registry = FakeRegistry::start(|request, _| {
        let name = request.path.rsplit('/').next().unwrap();
        let bytes = |depth: usize| format!("{}1", " ".repeat(depth)).into_bytes();
        let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": INDEX, "digest": digest_of(&bytes(name.len())), "size": 1}]});
        Reply::new(200, body.to_string()).with_header("content-type", IMAGE)
    });
    let error = pull_from(&registry.image(""));
    assert!(error.to_string().contains("but declares"), "{error}");
}

#[test]
fn plain_http_response_to_tls_is_reported() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut image = RegistryImage::parse(&format!("{}/a", listener.local_addr().unwrap())).unwrap();
    image.transport = Transport::Tls;
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the client closes the connection.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let error = pull_from(&image);
    let error = error.to_string();
    assert!(error.contains("a trusted connection"), "{error}");
}

#[test]
fn redirect_to_file_url_is_rejected() {
    let registry = FakeRegistry::start(|_, _| Reply::new(302, "").with_header("location", "file:///etc/passwd"));
    let error = pull_from(&registry.image(""));
    assert!(
        matches!(error, Error::InvalidResponse { .. }) || error.to_string().contains(" refuses "),
        "{error}"
    );
}
