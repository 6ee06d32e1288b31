//! Storage with a folder, and S3 errors with a server on loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use http_body_util::Full;

use super::endpoint::Origin;
use super::http::HttpClient;
use super::*;

mod addresses;
pub(crate) mod fake_s3;
mod keys;
mod permissions;
mod preconnect;

/// Each bucket is a folder in `folder`.
pub(crate) fn folder_storage(folder: &std::path::Path) -> StorageConfig {
    StorageConfig {
        backend: StorageBackend::Folder(folder.to_owned()),
        ..StorageConfig::default()
    }
}

impl Storage {
    async fn read(
        &self,
        config: &StorageConfig,
        object: &Object,
        limit: u64,
        skip_own_output: bool,
    ) -> Result<Option<Bytes>> {
        match self.get(config, object, limit, skip_own_output).await? {
            Some(found) => self.download(config, object, found).await.map(Some),
            None => Ok(None),
        }
    }
}

fn object(key: &str) -> Object {
    Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}

#[tokio::test]
async fn bucket_names_cannot_escape_the_storage_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder_storage(&folder.path().join("buckets"));
    std::fs::create_dir_all(folder.path().join("buckets/b")).unwrap();
    std::fs::create_dir(folder.path().join("outside")).unwrap();
    let storage = Storage::default();
    for (bucket, expected) in [
        ("../outside", "InvalidRequest"),
        ("..", "InvalidRequest"),
        ("/tmp", "InvalidRequest"),
        ("b?c", "InvalidRequest"),
        ("", "InvalidRequest"),
        ("absent", "BucketNotFound"),
    ] {
        let write = storage.write(&config, bucket, "k", "image/jpeg", Vec::new());
        assert_eq!(write.await.unwrap_err().name(), expected, "{bucket}");
    }
}

#[tokio::test]
async fn folder_storage_reads_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    let config = folder_storage(folder.path());
    let storage = Storage::default();
    let write = storage.write(&config, "b", "a/k.jpg", "image/jpeg", b"abc".to_vec());
    write.await.unwrap();
    let found = storage.read(&config, &object("a/k.jpg"), 3, true).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    let error = storage.read(&config, &object("a/k.jpg"), 2, true).await.err().unwrap();
    assert_eq!(error.name(), "PhotoTooLarge");
    let error = storage.read(&config, &object("x.jpg"), 2, true).await.err().unwrap();
    assert_eq!(error.name(), "ObjectNotFound");
}

/// The request heads that a server received.
type Requests = Arc<Mutex<Vec<String>>>;

/// A server that answers each request with the next of `responses`, and repeats the last one.
pub(super) fn server(responses: &'static [&'static str]) -> (String, Requests) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let received = Arc::clone(&requests);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 8192];
            let length = socket.read(&mut request).unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let mut received = received.lock().unwrap();
            let response = responses[received.len().min(responses.len() - 1)];
            received.push(text);
            drop(received);
            socket.write_all(response.as_bytes()).unwrap();
        }
    });
    (url, requests)
}

/// Its settings are these variables, and the keys `a` and `s` unless they contain others.
pub(crate) fn storage_with_variables(variables: &[(&str, &str)]) -> Storage {
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let variables: Vec<_> = variables
        .iter()
        .chain(&keys)
        .map(|(name, value)| (*name, *value))
        .collect();
    let variables: Vec<(String, String)> = variables
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Storage::new(move |name| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    })
}

/// Its endpoint is `url`.
pub(crate) fn storage_at(url: &str) -> Storage {
    storage_with_variables(&[("AWS_ENDPOINT_URL_S3", url)])
}

/// The body of the response of a server at an address, by the client of the storage.
pub(crate) async fn get(address: &str) -> Vec<u8> {
    get_with(&HttpClient::new(None).unwrap(), address).await
}

async fn get_with(client: &HttpClient, address: &str) -> Vec<u8> {
    let origin = Origin {
        https: false,
        authority: address.to_owned(),
    };
    let request = ::http::Request::get("/").body(Full::default()).unwrap();
    let response = client.send(&origin, request).await.unwrap();
    response.body.read(0, 1 << 16).await.unwrap()
}

const BUSY: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
    last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\netag: \"e\"\r\n\
    x-amz-meta-written-by: face-detect\r\n\r\nabc";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn busy_s3_is_retried_with_the_same_version() {
    let (url, requests) = server(&[BUSY, BUSY, FOUND]);
    let object_version = Object {
        version_id: Some("v1".to_owned()),
        ..object("k")
    };
    let found = storage_at(&url)
        .read(&StorageConfig::default(), &object_version, 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    for request in requests.iter() {
        assert!(request.starts_with("GET /b/k?versionId=v1 HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn connection_closed_before_the_response_is_retried() {
    let (url, requests) = server(&["", "HTTP/1.1 2", FOUND]);
    let found = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn truncated_object_is_a_temporary_failure() {
    const TRUNCATED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\na";
    let (url, _) = server(&[TRUNCATED]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn download_that_fails_is_repeated_unless_the_object_was_replaced() {
    const INTERRUPTED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\r\na";
    const CHANGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
        x-amz-checksum-crc32: AAAAAA==\r\n\r\nabc";
    const LARGER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\netag: \"f\"\r\n\r\nabcd";
    let config = StorageConfig::default();
    for responses in [&[INTERRUPTED, FOUND][..], &[CHANGED, BUSY, INTERRUPTED, FOUND]] {
        let (url, requests) = server(Vec::leak(responses.to_vec()));
        let found = storage_at(&url).read(&config, &object("k"), 100, false).await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), responses.len());
        assert!(
            requests
                .iter()
                .all(|request| request.contains("x-amz-checksum-mode: ENABLED\r\n"))
        );
    }
    let (url, _) = server(&[INTERRUPTED, LARGER]);
    let error = storage_at(&url)
        .read(&config, &object("k"), 100, false)
        .await
        .unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().contains("replaced"),
        "{error}"
    );
}

#[tokio::test]
async fn impossible_length_is_a_temporary_failure() {
    const IMPOSSIBLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\netag: \"e\"\r\n\r\nabc";
    let (url, requests) = server(&[IMPOSSIBLE, FOUND]);
    let found = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn size_is_limited_before_the_content_is_read() {
    const ENDLESS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\netag: \"e\"\r\n\r\n";
    let (url, _) = server(&[ENDLESS]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .unwrap_err();
    assert_eq!(error.name(), "PhotoTooLarge");
}

#[tokio::test]
async fn response_without_etag_is_retried() {
    const HTML_PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/html\r\n\r\n<p>";
    let (url, requests) = server(&[HTML_PAGE, FOUND]);
    let found = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..], "it was not retried");
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn content_that_does_not_match_its_etag_is_a_temporary_failure() {
    const CHANGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
        etag: \"900150983cd24fb0d6963f7d28e17f72\"\r\n\r\nabd";
    let (url, _) = server(&[CHANGED]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
    assert!(error.to_string().contains("ETag"), "{error}");
}

#[tokio::test]
async fn own_output_is_recognized_by_its_metadata() {
    let (url, _) = server(&[FOUND]);
    let storage = storage_at(&url);
    let own_output = object("k");
    let config = StorageConfig::default();
    let read_guarded = |limit| storage.read(&config, &own_output, limit, true);
    assert!(read_guarded(100).await.unwrap().is_none());
    // The size limit does not matter.
    assert!(read_guarded(2).await.unwrap().is_none());
}

#[tokio::test]
async fn persistent_503_is_temporary_and_400_is_not() {
    let (url, _) = server(&[BUSY]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "StorageFailed");
    assert!(error.is_temporary(), "{error}");

    let (url, requests) = server(&[BAD]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "StorageFailed");
    assert!(!error.is_temporary(), "{error}");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn refused_connection_is_a_temporary_failure() {
    // The port is free again when the listener is dropped.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let storage = storage_at(&format!("http://{address}"));
    let error = storage
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
}
