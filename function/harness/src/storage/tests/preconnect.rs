use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::fake_s3::FakeS3;
use super::*;

#[tokio::test]
async fn preopened_connection_sends_no_request_and_is_reused() {
    let s3 = FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    for _ in 0..2 {
        storage.connect(&StorageConfig::default(), "b").await;
    }
    for key in ["one", "two"] {
        let found = storage.read(&StorageConfig::default(), &object(key), 100, true).await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    }
    // A request sent when the connection was opened would be first in the list.
    let first = |key: &str| (1, format!("GET /b/{key}"));
    assert_eq!(s3.requests(), [first("one"), first("two")]);
    assert_eq!(s3.connections(), 1);
}

#[tokio::test]
async fn request_waits_for_a_connection_that_is_being_opened() {
    let s3 = FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    let config = StorageConfig::default();
    let object = object("k");
    let (_, found) = tokio::join!(storage.connect(&config, "b"), storage.read(&config, &object, 100, true));
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(s3.connections(), 1);
}

#[tokio::test]
async fn buckets_at_one_endpoint_share_a_connection() {
    let s3 = FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    storage.connect(&StorageConfig::default(), "c").await;
    let found = storage.read(&StorageConfig::default(), &object("k"), 100, true).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(s3.requests(), [(1, "GET /b/k".to_owned())]);
    assert_eq!(s3.connections(), 1);
}

#[tokio::test]
async fn failure_to_preopen_a_connection_is_ignored() {
    // The port is free again when the listener is dropped.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let start = Instant::now();
    let unreachable = storage_at(&format!("http://{address}"));
    unreachable.connect(&StorageConfig::default(), "b").await;
    // Retries would take half a second.
    assert!(start.elapsed() < Duration::from_millis(400));
    let folder = tempfile::tempdir().unwrap();
    let config = folder_storage(folder.path());
    unreachable.connect(&config, "absent").await;
}

#[tokio::test]
async fn no_connection_is_opened_without_region_or_credentials() {
    let s3 = FakeS3::start(|_| Vec::new());
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let endpoint = ("AWS_ENDPOINT_URL_S3", s3.url.as_str());
    let empty = |name| (name, "");
    for variables in [
        vec![keys[0], keys[1]],
        vec![endpoint, empty("AWS_ACCESS_KEY_ID")],
        vec![endpoint, keys[0], empty("AWS_SECRET_ACCESS_KEY")],
    ] {
        storage_with_variables(&variables)
            .connect(&StorageConfig::default(), "b")
            .await;
    }
    assert_eq!(s3.connections_before_probe(), 0);
    storage_with_variables(&[endpoint])
        .connect(&StorageConfig::default(), "b")
        .await;
    assert_eq!(s3.connections_before_probe(), 2, "the first probe and this one");
}

/// Servers close idle connections, and a function that was frozen notices it late. This is not left to the retries,
/// which wait.
#[tokio::test]
async fn closed_idle_connection_is_replaced_at_once() {
    let (url, requests) = server(&[KEPT_THEN_CLOSED]);
    let client = HttpClient::new(None).unwrap();
    for number in 1..=3 {
        let content = get_with(&client, url.trim_start_matches("http://")).await;
        assert_eq!(content, b"abc");
        assert_eq!(requests.lock().unwrap().len(), number);
    }
}

/// Does not announce that the server closes the connection after it.
const KEPT_THEN_CLOSED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\netag: \"e\"\r\n\r\nabc";
