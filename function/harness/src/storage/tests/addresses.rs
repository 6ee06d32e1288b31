//! Buckets in other regions, directory buckets, access points, and proxies.

use super::*;

const DENIED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

const SESSION: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<CreateSessionResult><Credentials>\
    <SessionToken>session-token</SessionToken><SecretAccessKey>s2</SecretAccessKey>\
    <AccessKeyId>a</AccessKeyId><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>";

/// The signing scope of a request, such as `us-east-1/s3`.
fn scope(request: &str) -> &str {
    let (_, rest) = request
        .split_once("Credential=a/")
        .unwrap_or_else(|| panic!("{request}"));
    let (scope, _) = rest.split_once("/aws4_request").unwrap();
    scope.split_once('/').unwrap().1
}

#[tokio::test]
async fn region_of_a_bucket_is_followed_once_and_remembered() {
    const MALFORMED: &str = "HTTP/1.1 400 Bad Request\r\nx-amz-bucket-region: eu-central-1\r\nconnection: close\r\n\r\n\
        <Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>";
    const MOVED: &str = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-central-1\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    const NEW: &str = "HTTP/1.1 307 Temporary Redirect\r\nx-amz-bucket-region: eu-central-1\r\ncontent-length: 0\r\n\
        location: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n";
    const NAMED_IN_BODY: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n\
        <Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>";
    let config = StorageConfig::default();
    for responses in [
        &[MALFORMED, FOUND][..],
        &[MOVED, FOUND],
        &[NEW, FOUND],
        &[NAMED_IN_BODY, FOUND],
    ] {
        let (url, requests) = server(Vec::leak(responses.to_vec()));
        let storage = storage_at(&url);
        for _ in 0..2 {
            let found = storage.read(&config, &object("k"), 100, false).await;
            assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
        }
        storage
            .write(&config, "b", "w", "image/jpeg", Vec::new())
            .await
            .unwrap();
        let requests = requests.lock().unwrap();
        let scopes: Vec<_> = requests.iter().map(|request| scope(request)).collect();
        let [first, rest @ ..] = &scopes[..] else {
            panic!("no request");
        };
        assert_eq!(*first, "us-east-1/s3");
        assert_eq!(rest, ["eu-central-1/s3"; 3]);
    }
}

#[tokio::test]
async fn region_that_the_response_does_not_name_is_that_of_the_bucket() {
    const UNNAMED: &str = "HTTP/1.1 301 Moved Permanently\r\nconnection: close\r\n\r\n\
        <Error><Code>PermanentRedirect</Code></Error>";
    const HEAD: &str = "HTTP/1.1 403 Forbidden\r\nx-amz-bucket-region: eu-central-1\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    let (url, requests) = server(&[UNNAMED, HEAD, FOUND]);
    assert_eq!(read(&url).await.unwrap().unwrap(), &b"abc"[..]);
    let requests = requests.lock().unwrap().clone();
    let [_, head, found] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert!(head.starts_with("HEAD /b HTTP/1.1\r\n"), "{head}");
    assert_eq!((scope(head), scope(found)), ("us-east-1/s3", "eu-central-1/s3"));

    let (url, _) = server(&[UNNAMED, BUSY, UNNAMED, HEAD, FOUND]);
    assert_eq!(read(&url).await.unwrap().unwrap(), &b"abc"[..]);

    let (url, requests) = server(&[UNNAMED, UNNAMED]);
    let error = read(&url).await.unwrap_err();
    assert!(
        !error.is_temporary() && error.to_string().contains("PermanentRedirect"),
        "{error}"
    );
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn region_is_not_followed_twice_and_not_to_invalid_names() {
    const AGAIN: &str = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    const FIRST: &str = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-central-1\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    const HOST: &str = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: evil.example\r\ncontent-length: 0\r\n\
        connection: close\r\n\r\n";
    let config = StorageConfig::default();
    for (responses, expected, region) in [(&[FIRST, AGAIN][..], 2, "eu-west-1"), (&[HOST], 1, "evil.example")] {
        let (url, requests) = server(Vec::leak(responses.to_vec()));
        let error = storage_at(&url)
            .read(&config, &object("k"), 100, false)
            .await
            .unwrap_err();
        assert_eq!(
            (error.name(), error.is_temporary()),
            ("StorageFailed", false),
            "{error}"
        );
        assert!(error.to_string().contains(region), "{error}");
        assert_eq!(requests.lock().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn directory_bucket_is_used_through_one_session() {
    const NAME: &str = "photos--use1-az4--x-s3";
    // This `ETag` has the form of an MD5 digest, but is not that of the content.
    const RANDOM_ETAG: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        etag: \"00000000000000000000000000000000\"\r\n\r\nabc";
    let (url, requests) = server(&[SESSION, RANDOM_ETAG]);
    let variables = [
        ("AWS_ENDPOINT_URL_S3", url.as_str()),
        ("AWS_SESSION_TOKEN", "role-token"),
    ];
    let storage = storage_with_variables(&variables);
    let config = StorageConfig::default();
    let photo = Object {
        bucket: NAME.to_owned(),
        ..object("k")
    };
    let found = storage.read(&config, &photo, 100, false).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    storage
        .write(&config, NAME, "w", "image/jpeg", Vec::new())
        .await
        .unwrap();
    let metadata = storage
        .get(&config, &photo, 100, false)
        .await
        .unwrap()
        .unwrap()
        .metadata();
    let moved = storage.move_object(&config, &photo, (Bytes::from_static(b"abc"), &metadata), "m");
    moved.await.unwrap();

    let requests = requests.lock().unwrap();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| request.split(" HTTP").next().unwrap())
        .collect();
    let path = format!("/{NAME}");
    assert_eq!(
        lines,
        [
            format!("GET {path}/?session"),
            format!("GET {path}/k"),
            format!("PUT {path}/w"),
            format!("GET {path}/k"),
            format!("PUT {path}/m"),
            format!("DELETE {path}/k"),
        ]
    );
    assert!(requests[5].contains("\r\nif-match: "), "{}", requests[5]);
    for (number, request) in requests.iter().enumerate() {
        assert_eq!(scope(request), "us-east-1/s3express");
        let session = request.contains("x-amz-s3session-token: session-token\r\n");
        let role = request.contains("x-amz-security-token: role-token\r\n");
        assert_eq!((session, role), (number > 0, number == 0), "{request}");
    }
}

#[tokio::test]
async fn expired_sessions_and_credentials_are_replaced() {
    const EXPIRED: &str =
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n<Error><Code>ExpiredToken</Code></Error>";
    const CREDENTIALS: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"AccessKeyId\":\"id\",\
        \"SecretAccessKey\":\"secret\",\"Token\":\"token\",\"Expiration\":\"2999-01-01T00:00:00Z\"}";
    let config = StorageConfig::default();
    let photo = Object {
        bucket: "photos--use1-az4--x-s3".to_owned(),
        ..object("k")
    };
    let (url, requests) = server(&[SESSION, EXPIRED, SESSION, FOUND]);
    storage_at(&url).read(&config, &photo, 100, false).await.unwrap();
    assert_eq!(requests.lock().unwrap().len(), 4);
    // The role's own credentials, which cannot be refreshed, have expired.
    let (url, requests) = server(&[EXPIRED]);
    let error = storage_at(&url).read(&config, &photo, 100, false).await.unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().contains("ExpiredToken"),
        "{error}"
    );
    assert_eq!(requests.lock().unwrap().len(), 1);

    let (credentials, credential_requests) = server(&[CREDENTIALS]);
    let (url, _) = server(&[EXPIRED, FOUND]);
    let storage = storage_with_variables(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "test-token"),
        ("AWS_ENDPOINT_URL_S3", &url),
    ]);
    storage.read(&config, &object("k"), 100, false).await.unwrap();
    assert_eq!(credential_requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn session_of_a_directory_bucket_can_be_turned_off_and_refused() {
    const NAME: &str = "photos--use1-az4--x-s3";
    let photo = Object {
        bucket: NAME.to_owned(),
        ..object("k")
    };
    let config = StorageConfig::default();
    let (url, requests) = server(&[FOUND]);
    let off = ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "true");
    let storage = storage_with_variables(&[("AWS_ENDPOINT_URL_S3", &url), off]);
    storage.read(&config, &photo, 100, false).await.unwrap();
    assert_eq!(requests.lock().unwrap().len(), 1);

    let (url, _) = server(&[DENIED]);
    let error = storage_at(&url).read(&config, &photo, 100, false).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
}

#[tokio::test]
async fn access_points_are_in_the_host_and_their_regions_are_signed() {
    for (arn, host, signature) in [
        (
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap",
            "ap-123456789012.s3.example.com",
            ("AWS4-HMAC-SHA256", "eu-west-1/s3"),
        ),
        (
            "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
            "mfzwi23gnjvgw.mrap.s3.example.com",
            ("AWS4-ECDSA-P256-SHA256", "s3"),
        ),
    ] {
        let (url, requests) = server(&[FOUND]);
        let url = url.replace("127.0.0.1", "localhost");
        // It makes requests to any host arrive at the server.
        let storage = storage_with_variables(&[("AWS_ENDPOINT_URL_S3", "http://s3.example.com"), ("HTTP_PROXY", &url)]);
        let photo = Object {
            bucket: arn.to_owned(),
            ..object("a//b")
        };
        let found = storage.read(&StorageConfig::default(), &photo, 100, false).await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
        let request = &requests.lock().unwrap()[0];
        assert!(
            request.starts_with(&format!("GET http://{host}/a//b HTTP/1.1\r\n")),
            "{request}"
        );
        assert!(request.contains(&format!("\r\nhost: {host}\r\n")), "{request}");
        let (algorithm, expected_scope) = signature;
        assert!(
            request.contains(&format!("\r\nauthorization: {algorithm} ")),
            "{request}"
        );
        assert_eq!(scope(request), expected_scope);
        assert_eq!(
            request.contains("\r\nx-amz-region-set: *\r\n"),
            algorithm.contains("ECDSA")
        );
    }
}

#[tokio::test]
async fn unsupported_buckets_are_refused_without_a_request() {
    let s3 = fake_s3::FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    for (bucket, reason) in [("arn:aws:s3:::photos", "ARN"), ("../b", "not a bucket name")] {
        let photo = Object {
            bucket: bucket.to_owned(),
            ..object("k")
        };
        let error = storage
            .read(&StorageConfig::default(), &photo, 100, false)
            .await
            .unwrap_err();
        assert_eq!(error.name(), "InvalidRequest");
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(s3.connections_before_probe(), 0);
}

#[tokio::test]
async fn proxy_of_the_environment_is_used_except_for_listed_hosts() {
    const PROXY_DENIED: &str =
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let config = StorageConfig::default();
    let (proxy, tunnels) = server(&[PROXY_DENIED]);
    let (s3, direct) = server(&[FOUND]);
    let proxy = proxy.replace("http://", "http://me:secret@");
    let variables = [
        ("https_proxy", proxy.as_str()),
        ("http_proxy", &proxy),
        ("no_proxy", "127.0.0.1"),
    ];

    let remote = [&variables[..], &[("AWS_ENDPOINT_URL_S3", "https://s3.example.com")]].concat();
    storage_with_variables(&remote).connect(&config, "b").await;
    let tunnel = tunnels.lock().unwrap()[0].clone();
    assert!(
        tunnel.starts_with("CONNECT s3.example.com:443 HTTP/1.1\r\n"),
        "{tunnel}"
    );
    assert!(
        tunnel
            .to_lowercase()
            .contains("\r\nproxy-authorization: basic bwu6c2vjcmv0\r\n"),
        "{tunnel}"
    );

    let local = [&variables[..], &[("AWS_ENDPOINT_URL_S3", &s3)]].concat();
    storage_with_variables(&local)
        .read(&config, &object("k"), 100, false)
        .await
        .unwrap();
    assert!(direct.lock().unwrap()[0].starts_with("GET /b/k HTTP/1.1\r\n"));
    assert_eq!(tunnels.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn unsupported_proxy_is_a_permanent_failure() {
    let storage = storage_with_variables(&[
        ("AWS_REGION", "eu-west-1"),
        ("HTTPS_PROXY", "socks5://me:SECRET@127.0.0.1:1"),
    ]);
    let error = storage.read(&StorageConfig::default(), &object("k"), 100, false).await;
    let error = error.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    let message = error.to_string();
    assert!(message.contains("proxy") && !message.contains("SECRET"), "{message}");
}
