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
async fn buckets_at_one_endpoint_share_a_connection() {
    let s3 = FakeS3::start(|_| b"abc".to_vec());
    let access = S3Access::with_client(test_client());
    let storage = Storage::default();
    for name in ["b", "c"] {
        let bucket = bucket(&s3.url, name, &access, None);
        let key = (StorageConfig::default(), name.to_owned());
        storage.lock().buckets.insert(key, bucket);
    }
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
