//! Permitted buckets and owners, and refusal of redirects.

use super::*;

fn allowed_buckets(names: &[&str]) -> StorageConfig {
    StorageConfig {
        allowed_buckets: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..StorageConfig::default()
    }
}

#[tokio::test]
async fn unlisted_bucket_is_refused_without_a_request() {
    let s3 = fake_s3::FakeS3::start(|_| b"abc".to_vec());
    let allowed = allowed_buckets(&["b", "other"]);
    let allowed_storage = storage_at(&s3.url);
    let found = allowed_storage.read(&allowed, &object("k"), 100, false).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(s3.requests().len(), 1);

    let forbidden = allowed_buckets(&["other"]);
    let storage = storage_at(&s3.url);
    let error = storage.read(&forbidden, &object("k"), 100, false).await;
    assert_eq!(error.unwrap_err().name(), "BucketNotAllowed");
    let write = storage.write(&forbidden, "b", "k", "image/jpeg", Vec::new());
    assert_eq!(write.await.unwrap_err().name(), "BucketNotAllowed");
    storage.connect(&forbidden, "b").await;
    assert_eq!(s3.requests().len(), 1);
    assert_eq!(s3.connections_before_probe(), 1);
}

#[tokio::test]
async fn object_requests_are_signed_with_the_expected_owner() {
    for owner in [None, Some("111122223333".to_owned())] {
        let config = StorageConfig {
            expected_bucket_owner: owner,
            ..StorageConfig::default()
        };
        let (url, requests) = server(&[BUSY, FOUND]);
        let storage = storage_at(&url);
        storage.read(&config, &object("k"), 100, false).await.unwrap();
        let write = storage.write(&config, "b", "w", "image/jpeg", Vec::new());
        write.await.unwrap();
        let requests = requests.lock().unwrap();
        let methods: Vec<_> = requests.iter().map(|request| &request[..3]).collect();
        assert_eq!(methods, ["GET", "GET", "PUT"]);
        for request in requests.iter() {
            let line = |name: &str| request.lines().find(|line| line.starts_with(name));
            let sent = line("x-amz-expected-bucket-owner: ");
            let signed = line("authorization: ").unwrap();
            assert_eq!(
                sent.map(|line| line.split_at(29).1),
                config.expected_bucket_owner.as_deref(),
                "{request}"
            );
            assert_eq!(
                signed.contains("x-amz-expected-bucket-owner"),
                config.expected_bucket_owner.is_some(),
                "{signed}"
            );
        }
    }
}

#[tokio::test]
async fn credential_requests_do_not_carry_the_expected_owner() {
    const CREDENTIALS: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        {\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\
        \"Expiration\":\"2999-01-01T00:00:00Z\",\"Code\":\"Success\"}";
    let (credentials, credential_requests) = server(&[CREDENTIALS]);
    let (s3, requests) = server(&[FOUND]);
    let storage = storage_with_variables(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "test-token"),
        ("AWS_ENDPOINT_URL_S3", &s3),
    ]);
    let config = StorageConfig {
        expected_bucket_owner: Some("111122223333".to_owned()),
        ..StorageConfig::default()
    };
    storage.read(&config, &object("k"), 100, false).await.unwrap();

    let credential_requests = credential_requests.lock().unwrap();
    let [request] = credential_requests.as_slice() else {
        panic!("{} requests for credentials", credential_requests.len());
    };
    assert!(request.contains("authorization: test-token\r\n"), "{request}");
    assert!(!request.contains("expected-bucket-owner"), "{request}");
    let request = &requests.lock().unwrap()[0];
    assert!(request.contains("x-amz-security-token: token\r\n"), "{request}");
    assert!(
        request.contains("x-amz-expected-bucket-owner: 111122223333\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = fake_s3::FakeS3::start(|_| b"abc".to_vec());
    // `server` takes static responses.
    let redirect_response = |status: &str| -> &'static str {
        let text = format!(
            "HTTP/1.1 {status}\r\nlocation: {}/b/k\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            target.url
        );
        Box::leak(text.into_boxed_str())
    };
    let config = StorageConfig::default();
    for (status, temporary) in [
        ("301 Moved Permanently", false),
        ("302 Found", false),
        ("307 Temporary Redirect", true),
        ("308 Permanent Redirect", false),
    ] {
        let responses = Box::leak(Box::new([redirect_response(status)]));
        let (url, _) = server(responses);
        let error = storage_at(&url).read(&config, &object("k"), 100, false).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.name(), error.is_temporary()),
            ("StorageFailed", temporary),
            "{error}"
        );
        assert!(error.to_string().contains(status), "{error}");

        let (url, _) = server(responses);
        let storage = storage_with_variables(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "test-token"),
            ("AWS_ENDPOINT_URL_S3", &target.url),
        ]);
        let error = storage.read(&config, &object("k"), 100, false).await.unwrap_err();
        assert!(error.to_string().contains(status), "{error}");
    }
    assert_eq!(target.connections_before_probe(), 0);
}
