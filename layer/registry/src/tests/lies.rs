//! Registries that send something else than they should: it is named and not kept.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;

use super::super::manifest::{DIGEST, LONGEST};
use super::super::{Error, Remote, pull, resolve};
use super::fake::{FakeRegistry, IMAGE, INDEX, Reply, Request, Shelf};
use super::{noise, of, partials};

/// Pulls from a registry of which `change` changes the answers that have to do with the layer.
fn pull_changed(
    change: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> (Error, FakeRegistry, String) {
    let shelf = Shelf::image(&[noise(100_000)]);
    let layer = shelf.layer();
    let registry = FakeRegistry::start({
        let layer = layer.clone();
        move |request, _| {
            let reply = shelf.answer(request);
            match request.path.ends_with(&layer) {
                true => change(request, reply),
                false => reply,
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.remote(""), folder.path(), None, &|_| ()).unwrap_err();
    assert_nothing(folder.path(), &layer);
    (error, registry, layer)
}

fn assert_nothing(folder: &Path, layer: &str) {
    let blobs = folder.join("blobs/sha256");
    assert!(!blobs.join(layer.replace("sha256:", "")).exists());
    assert!(!folder.join("index.json").exists());
    assert_eq!(partials(folder), Vec::<String>::new());
}

#[test]
fn other_bytes_are_named_with_both_digests() {
    let wrong = || {
        let mut bytes = noise(100_000);
        bytes[77_777] ^= 1;
        bytes
    };
    let (error, registry, layer) = pull_changed(move |_, reply| Reply {
        body: wrong(),
        ..reply
    });
    let text = error.to_string();
    for part in [
        &layer,
        &of(&wrong()),
        &registry.url().replace("http://", ""),
    ] {
        assert!(text.contains(part.as_str()), "{text}");
    }
    assert!(matches!(error, Error::Lied { .. }));
    // A lie is not asked for twice.
    assert_eq!(registry.seen().len(), 3);
}

#[test]
fn other_sizes_are_cut_off() {
    let longer = || [noise(100_000), vec![7; 5_000_000]].concat();
    let (error, ..) = pull_changed(move |_, reply| Reply {
        body: longer(),
        ..reply
    });
    assert!(
        error.to_string().contains("has 5100000 bytes, not 100000"),
        "{error}"
    );
    let (error, ..) = pull_changed(move |_, reply| Reply {
        body: longer(),
        chunked: true,
        ..reply
    });
    assert!(
        error.to_string().contains("has more bytes, not 100000"),
        "{error}"
    );
    let (error, registry, _) = pull_changed(|_, reply| Reply {
        body: noise(99_999),
        ..reply
    });
    assert!(
        error.to_string().contains("has 99999 bytes, not 100000"),
        "{error}"
    );
    assert_eq!(registry.seen().len(), 3);
}

#[test]
fn another_part_than_the_one_asked_for_is_refused() {
    let shelf = Shelf::image(&[noise(100_000)]);
    let layer = shelf.layer();
    let registry = FakeRegistry::start(move |request, before| {
        let mut reply = shelf.answer(request);
        if request.path.ends_with(&layer) {
            reply.cut = (before == 2).then_some(50_000);
            for (_, value) in reply
                .headers
                .iter_mut()
                .filter(|(name, _)| name == "content-range")
            {
                *value = "bytes 0-49999/100000".into();
            }
        }
        reply
    });
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&registry.remote(""), folder.path(), None, &|_| ()).unwrap_err();
    assert!(error.to_string().contains("another part"), "{error}");
}

#[test]
fn manifests_are_compared_with_what_was_asked_for() {
    let shelf = Shelf::image(&[noise(10)]);
    let (_, honest) = shelf.manifests["latest"].clone();
    let registry = FakeRegistry::start({
        let shelf = shelf.clone();
        move |request, _| {
            let mut reply = shelf.answer(request);
            if request.path.contains("manifests") {
                reply.body.push(b' ');
            }
            reply
        }
    });
    let found = of(&[honest.as_slice(), b" "].concat());
    // By tag the header says what it should be, by digest the reference does.
    for version in [":latest".to_owned(), format!("@{}", of(&honest))] {
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&registry.remote(&version), folder.path(), None, &|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&found) && text.contains(&of(&honest)),
            "{text}"
        );
    }
    let registry = FakeRegistry::start(|_, _| Reply::new(200, "").with(DIGEST, of(b"other")));
    let error = resolve(&registry.remote(&format!("@{}", of(&honest)))).unwrap_err();
    assert!(matches!(error, Error::Lied { .. }), "{error}");
}

#[test]
fn manifests_have_an_end() {
    for chunked in [false, true] {
        let registry = FakeRegistry::start(move |_, _| Reply {
            chunked,
            ..Reply::new(200, vec![b' '; usize::try_from(LONGEST).unwrap() + 1])
        });
        let error = pull_from(&registry.remote(""));
        assert!(
            error.to_string().contains("longer than the 4194304 bytes"),
            "{error}"
        );
        assert_eq!(registry.seen().len(), 1);
    }
}

fn pull_from(remote: &Remote) -> Error {
    let folder = tempfile::tempdir().unwrap();
    pull(remote, folder.path(), None, &|_| ()).unwrap_err()
}

#[test]
fn indexes_have_an_end_and_true_sizes() {
    let mut shelf = Shelf::default();
    let mut image = shelf.add_image("amd64", &[noise(10)], "image");
    image["size"] = json!(1);
    let index = json!({"schemaVersion": 2, "manifests": [image]});
    shelf.add_manifest(INDEX, &index, "latest");
    image["size"] = json!(LONGEST + 1);
    let index = json!({"schemaVersion": 2, "manifests": [image]});
    shelf.add_manifest(INDEX, &index, "long");
    let registry = FakeRegistry::start(move |request, _| shelf.answer(request));
    let error = pull_from(&registry.remote(""));
    assert!(matches!(error, Error::Size { wanted: 1, .. }), "{error}");
    let error = pull_from(&registry.remote(":long"));
    assert!(error.to_string().contains("over 4194304"), "{error}");

    // Each index lists another one.
    let registry = FakeRegistry::start(|request, _| {
        let name = request.path.rsplit('/').next().unwrap();
        let bytes = |depth: usize| format!("{}1", " ".repeat(depth)).into_bytes();
        let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": INDEX, "digest": of(&bytes(name.len())), "size": 1}]});
        Reply::new(200, body.to_string()).with("content-type", IMAGE)
    });
    let error = pull_from(&registry.remote(""));
    assert!(error.to_string().contains("calls itself"), "{error}");
}

#[test]
fn plain_answers_to_tls_are_told_as_such() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut remote = Remote::parse(&format!("{}/a", listener.local_addr().unwrap())).unwrap();
    remote.plain_http = false;
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        // Until the client hangs up.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let error = pull_from(&remote);
    let error = error.to_string();
    assert!(error.contains("a trusted connection"), "{error}");
}

#[test]
fn nobody_is_sent_on_to_the_open() {
    let registry =
        FakeRegistry::start(|_, _| Reply::new(302, "").with("location", "file:///etc/passwd"));
    let error = pull_from(&registry.remote(""));
    assert!(
        matches!(error, Error::Answer { .. }) || error.to_string().contains(" refuses "),
        "{error}"
    );
}
