//! Connections that are opened before there is anything to ask.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::site::Site;
use super::*;

#[tokio::test]
async fn a_connection_is_opened_without_a_request_and_the_first_request_uses_it() {
    let site = Site::start(|_| b"abc".to_vec());
    let storage = storage(&site.url);
    for _ in 0..2 {
        storage.connect(&Place::default(), "b").await;
    }
    for key in ["one", "two"] {
        let found = storage
            .read(&Place::default(), &object(key), 100, true)
            .await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    }
    // What was sent on the connection would be the first that was asked.
    let first = |key: &str| (1, format!("GET /b/{key}"));
    assert_eq!(site.asked(), [first("one"), first("two")]);
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn buckets_of_one_address_share_a_connection() {
    let site = Site::start(|_| b"abc".to_vec());
    let access = Access::to(client());
    let storage = Storage::default();
    for name in ["b", "c"] {
        let bucket = bucket(&site.url, name, &access, None);
        let key = (Place::default(), name.to_owned());
        storage.lock().buckets.insert(key, bucket);
    }
    storage.connect(&Place::default(), "c").await;
    let found = storage
        .read(&Place::default(), &object("k"), 100, true)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(site.asked(), [(1, "GET /b/k".to_owned())]);
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_is_nobodys_trouble() {
    // The port is free again when the listener is dropped.
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let start = Instant::now();
    let nowhere = storage(&format!("http://{address}"));
    nowhere.connect(&Place::default(), "b").await;
    // Trying again as a request is tried again would take half a second.
    assert!(start.elapsed() < Duration::from_millis(400));
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    nowhere.connect(&place, "absent").await;
}
