//! Responses of S3 that fail, are incomplete or were changed.

use super::*;

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
    let found = read(&url).await;
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
        .unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn download_that_fails_is_repeated_unless_the_object_was_replaced() {
    const INTERRUPTED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\r\na";
    const CHANGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
        x-amz-checksum-crc32: AAAAAA==\r\n\r\nabc";
    const LARGER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\netag: \"f\"\r\n\r\nabcd";
    for responses in [&[INTERRUPTED, FOUND][..], &[CHANGED, BUSY, INTERRUPTED, FOUND]] {
        let (url, requests) = server(Vec::leak(responses.to_vec()));
        let found = read(&url).await;
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
    let error = read(&url).await.unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().contains("replaced"),
        "{error}"
    );
}

#[tokio::test]
async fn impossible_length_is_a_temporary_failure() {
    const IMPOSSIBLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\netag: \"e\"\r\n\r\nabc";
    let (url, requests) = server(&[IMPOSSIBLE, FOUND]);
    let found = read(&url).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn size_is_limited_before_the_content_is_read() {
    const ENDLESS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\netag: \"e\"\r\n\r\n";
    let (url, _) = server(&[ENDLESS]);
    let error = read(&url).await.unwrap_err();
    assert_eq!(error.name(), "PhotoTooLarge");
}

#[tokio::test]
async fn response_without_etag_is_retried() {
    const HTML_PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/html\r\n\r\n<p>";
    let (url, requests) = server(&[HTML_PAGE, FOUND]);
    let found = read(&url).await;
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
        .unwrap_err();
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
        .unwrap_err();
    assert_eq!(error.name(), "StorageFailed");
    assert!(error.is_temporary(), "{error}");

    let (url, requests) = server(&[BAD]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &object("k"), 100, false)
        .await
        .unwrap_err();
    assert_eq!(error.name(), "StorageFailed");
    assert!(!error.is_temporary(), "{error}");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn refused_connection_is_a_temporary_failure() {
    // The port is free again when the listener is dropped.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let error = read(&format!("http://{address}")).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn page_of_a_proxy_is_not_an_answer_of_s3() {
    for status in ["404 Not Found", "403 Forbidden"] {
        let page = |length: usize, body: &str| {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            &*(head + body).leak()
        };
        for (page, reason) in [
            (page(3, "<p>"), "not from S3"),
            (page(70_000, &"<p>".repeat(23_334)[..70_000]), "more than 65536 bytes"),
            (page(300, "<Error><Code>Acc"), "end of file"),
        ] {
            let (url, _) = server(vec![page, FOUND].leak());
            assert_eq!(read(&url).await.unwrap().unwrap(), &b"abc"[..]);
            let (url, _) = server(vec![page].leak());
            let error = read(&url).await.unwrap_err();
            assert!(error.is_temporary() && error.to_string().contains(reason), "{error}");
        }
    }
}

#[tokio::test]
async fn delete_marker_is_a_missing_object() {
    const MARKER: &str = "HTTP/1.1 405 Method Not Allowed\r\nx-amz-delete-marker: true\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    let (url, _) = server(&[MARKER]);
    assert_eq!(read(&url).await.unwrap_err().name(), "ObjectNotFound");
}

/// What a function of Object Lambda sends is only its content.
#[tokio::test]
async fn content_of_object_lambda_is_not_compared_with_the_object() {
    const TRANSFORMED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        etag: \"900150983cd24fb0d6963f7d28e17f72\"\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\nabd";
    const ONLY_CONTENT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabd";
    const WITHOUT_LENGTH: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabd";
    let photo = Object {
        bucket: "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap".to_owned(),
        ..object("k")
    };
    for response in [TRANSFORMED, ONLY_CONTENT] {
        let (url, _) = server(vec![response].leak());
        let found = storage_at(&url)
            .read(&StorageConfig::default(), &photo, 100, false)
            .await;
        assert_eq!(found.unwrap().unwrap(), &b"abd"[..]);
    }
    let (url, requests) = server(&[WITHOUT_LENGTH]);
    let error = storage_at(&url)
        .read(&StorageConfig::default(), &photo, 100, false)
        .await;
    let error = error.unwrap_err();
    assert!(
        !error.is_temporary() && error.to_string().contains("ContentLength"),
        "{error}"
    );
    assert_eq!(requests.lock().unwrap().len(), 1);
}
