//! Objects that are written.

use super::*;

const STORED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\netag: \"e\"\r\n\r\n";

#[tokio::test]
async fn checksum_is_sent_unless_it_is_turned_off() {
    for (setting, expected) in [("", true), ("WHEN_SUPPORTED", true), ("when_required", false)] {
        let (url, requests) = server(&[STORED]);
        let variables = [
            ("AWS_ENDPOINT_URL_S3", url.as_str()),
            ("AWS_REQUEST_CHECKSUM_CALCULATION", setting),
        ];
        let storage = storage_with_variables(&variables);
        let config = StorageConfig::default();
        let write = storage.write(&config, "b", "k", "image/jpeg", b"123456789".to_vec());
        write.await.unwrap();
        let request = &requests.lock().unwrap()[0];
        let checksum = "\r\nx-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=\r\n";
        assert_eq!(request.contains(checksum), expected, "{request}");
        assert_eq!(request.contains(";x-amz-checksum-sha256;"), expected, "{request}");
    }
}

/// S3 can answer before it has read a large body, and then reads no more.
#[tokio::test]
async fn connection_with_an_unfinished_request_is_not_used_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let storage = storage_at(&format!("http://{}", listener.local_addr().unwrap()));
    // More than the buffers of a connection on loopback hold.
    let content = vec![0; 32 << 20];
    let length = content.len();
    let server = std::thread::spawn(move || {
        let (mut busy, _) = listener.accept().unwrap();
        busy.read_exact(&mut [0; 16]).unwrap();
        busy.write_all(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 1 << 20];
        while received < length {
            received += socket.read(&mut buffer).unwrap();
        }
        socket.write_all(STORED.as_bytes()).unwrap();
        // Open until now.
        drop(busy);
    });
    let config = StorageConfig::default();
    storage.write(&config, "b", "k", "image/jpeg", content).await.unwrap();
    server.join().unwrap();
}

const PHOTO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
    last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
    content-type: image/png\r\nx-amz-meta-owner: me\r\nx-amz-request-id: r\r\n\r\nabc";
const DELETED: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const REPLACED: &str = "HTTP/1.1 412 Precondition Failed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Moves the object `k` to `old/k`.
async fn move_object(responses: &'static [&'static str]) -> (Result<()>, Vec<String>) {
    let (url, requests) = server(responses);
    let (storage, config) = (storage_at(&url), StorageConfig::default());
    let found = storage.get(&config, &object("k"), 100, true).await.unwrap().unwrap();
    let metadata = found.metadata();
    let content = storage.download(&config, &object("k"), found).await.unwrap();
    let moved = storage
        .move_object(&config, &object("k"), (content, &metadata), "old/k")
        .await;
    let requests = requests.lock().unwrap().clone();
    (moved, requests)
}

#[tokio::test]
async fn moved_object_keeps_its_type_and_metadata() {
    let (moved, requests) = move_object(&[PHOTO, BUSY, STORED, BUSY, DELETED]).await;
    moved.unwrap();
    let [_, busy, put, _, delete] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    for put in [busy, put] {
        assert!(put.starts_with("PUT /b/old/k HTTP/1.1"), "{put}");
        for header in [
            "\r\ncontent-type: image/png\r\n",
            "\r\nx-amz-meta-owner: me\r\n",
            "\r\nx-amz-meta-written-by: photo\r\n",
        ] {
            assert!(put.contains(header), "{header}: {put}");
        }
        assert!(!put.contains("x-amz-request-id"), "{put}");
    }
    assert!(delete.starts_with("DELETE /b/k HTTP/1.1"), "{delete}");
    assert!(delete.contains("\r\nif-match: \"e\"\r\n"), "{delete}");
}

/// The first attempt to delete it succeeded, or another invocation moved the object.
#[tokio::test]
async fn object_that_is_deleted_already_is_moved() {
    const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const MISSING: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<Error><Code>NoSuchKey</Code></Error>";
    const NO_BUCKET: &str =
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<Error><Code>NoSuchBucket</Code></Error>";
    let (moved, requests) = move_object(&[PHOTO, STORED, FAILED, MISSING]).await;
    moved.unwrap();
    assert_eq!(requests.len(), 4, "{requests:?}");
    let (moved, _) = move_object(&[PHOTO, STORED, NO_BUCKET]).await;
    assert_eq!(moved.unwrap_err().name(), "BucketNotFound");
}

#[tokio::test]
async fn file_in_a_folder_is_not_deleted_if_it_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b/k");
    std::fs::create_dir(folder.path().join("b")).unwrap();
    let (storage, config) = (Storage::default(), folder_storage(folder.path()));
    for (found, is_deleted) in [("abc", true), ("new", false)] {
        std::fs::write(&file, found).unwrap();
        let photo = (Bytes::from_static(b"abc"), &ObjectMetadata::default());
        let moved = storage.move_object(&config, &object("k"), photo, "old/k").await;
        assert_eq!(moved.is_ok(), is_deleted, "{moved:?}");
        assert_eq!(file.exists(), !is_deleted);
        assert_eq!(std::fs::read(folder.path().join("b/old/k")).unwrap(), b"abc");
    }
}

#[tokio::test]
async fn moved_objects_are_recognized() {
    const MOVED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
        x-amz-meta-written-by: photo\r\n\r\nabc";
    const MISSING: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<Error><Code>NoSuchKey</Code></Error>";
    for (response, expected) in [(MOVED, true), (PHOTO, false), (MISSING, false)] {
        let (url, _) = server(vec![response].leak());
        let (storage, config) = (storage_at(&url), StorageConfig::default());
        let found = storage.has_moved_object(&config, "b", "old/k").await;
        assert_eq!(found.unwrap(), expected, "{response}");
    }
}

#[test]
fn objects_cannot_be_moved_through_object_lambda() {
    let storage = storage_with_variables(&[("AWS_REGION", "us-west-2")]);
    for (bucket, expected) in [
        ("b", true),
        ("arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap", false),
    ] {
        let checked = storage.check_move(&StorageConfig::default(), bucket, "old/k");
        assert_eq!(checked.is_ok(), expected, "{checked:?}");
    }
}

#[tokio::test]
async fn object_is_not_deleted_if_it_was_replaced_or_not_written() {
    let (moved, requests) = move_object(&[PHOTO, STORED, REPLACED]).await;
    let error = moved.unwrap_err();
    assert_eq!((error.name(), error.is_temporary()), ("StorageFailed", false));
    assert!(error.to_string().contains("delete s3://b/k"), "{error}");
    assert_eq!(requests.len(), 3, "{requests:?}");

    let (moved, requests) = move_object(&[PHOTO, REPLACED]).await;
    assert!(moved.unwrap_err().to_string().contains("write s3://b/old/k"));
    assert_eq!(requests.len(), 2, "{requests:?}");
}
