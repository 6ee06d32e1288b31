//! Storage with a folder and with servers on loopback.

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
mod responses;
mod uploads;

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

/// Reads an object from the S3 at `url`.
async fn read(url: &str) -> Result<Option<Bytes>> {
    let storage = storage_at(url);
    storage.read(&StorageConfig::default(), &object("k"), 100, false).await
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
    let error = storage.read(&config, &object("a/k.jpg"), 2, true).await.unwrap_err();
    assert_eq!(error.name(), "PhotoTooLarge");
    let error = storage.read(&config, &object("x.jpg"), 2, true).await.unwrap_err();
    assert_eq!(error.name(), "ObjectNotFound");
}

const BUSY: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
    last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\netag: \"e\"\r\n\
    x-amz-meta-written-by: photo\r\n\r\nabc";

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
    response.body.read_message().await.unwrap()
}
