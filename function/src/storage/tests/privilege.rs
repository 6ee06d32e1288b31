//! What the operator permits: which buckets, whose, and that nothing is sent anywhere else.

use super::*;

fn only(names: &[&str]) -> Place {
    Place {
        buckets: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Place::default()
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_listed_is_refused_before_anything_is_sent() {
    let site = site::Site::start(|_| b"abc".to_vec());
    let listed = only(&["b", "other"]);
    let there = storage_as(&site.url, &listed);
    let found = there.read(&listed, &object("k"), 100, false).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(site.asked().len(), 1);

    let elsewhere = only(&["other"]);
    let storage = storage_as(&site.url, &elsewhere);
    let error = storage.read(&elsewhere, &object("k"), 100, false).await;
    assert_eq!(error.unwrap_err().name(), "BucketNotAllowed");
    let write = storage.write(&elsewhere, "b", "k", "image/jpeg", Vec::new());
    assert_eq!(write.await.unwrap_err().name(), "BucketNotAllowed");
    storage.connect(&elsewhere, "b").await;
    assert_eq!(site.asked().len(), 1);
    assert_eq!(site.connections_so_far(), 1);
}

#[tokio::test]
async fn every_request_for_an_object_is_signed_with_the_expected_owner() {
    for owner in [None, Some("111122223333".to_owned())] {
        let place = Place {
            owner,
            ..Place::default()
        };
        let (url, requests) = server(&[BUSY, FOUND]);
        let storage = storage_as(&url, &place);
        storage
            .read(&place, &object("k"), 100, false)
            .await
            .unwrap();
        let write = storage.write(&place, "b", "w", "image/jpeg", Vec::new());
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
                place.owner.as_deref(),
                "{request}"
            );
            assert_eq!(
                signed.contains("x-amz-expected-bucket-owner"),
                place.owner.is_some(),
                "{signed}"
            );
        }
    }
}

#[tokio::test]
async fn credentials_are_asked_for_without_the_owner() {
    use crate::storage::credentials::ContainerCredentials;

    const ANSWER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        {\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\
        \"Expiration\":\"2999-01-01T00:00:00Z\",\"Code\":\"Success\"}";
    let (credentials, asked) = server(&[ANSWER]);
    let (s3, requests) = server(&[FOUND]);
    let variables = move |name: &str| match name {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(credentials.clone()),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN" => Some("say this".to_owned()),
        _ => None,
    };
    let found = ContainerCredentials::from_env(variables).unwrap().unwrap();
    let access = Access {
        client: client(),
        credentials: Some(Arc::new(found)),
    };
    let place = Place {
        owner: Some("111122223333".to_owned()),
        ..Place::default()
    };
    let storage = Storage::default();
    let builder = AmazonS3Builder::new().with_endpoint(&s3);
    let bucket = access.finish(builder, "b", place.owner.as_deref());
    let key = (place.clone(), "b".to_owned());
    storage
        .lock()
        .buckets
        .insert(key, Bucket::S3(bucket.unwrap()));
    storage
        .read(&place, &object("k"), 100, false)
        .await
        .unwrap();

    let asked = asked.lock().unwrap();
    let [asked] = asked.as_slice() else {
        panic!("{} requests for credentials", asked.len());
    };
    assert!(asked.contains("authorization: say this\r\n"), "{asked}");
    assert!(!asked.contains("expected-bucket-owner"), "{asked}");
    let request = &requests.lock().unwrap()[0];
    assert!(
        request.contains("x-amz-security-token: token\r\n"),
        "{request}"
    );
    assert!(
        request.contains("x-amz-expected-bucket-owner: 111122223333\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn nothing_is_sent_where_a_redirection_points() {
    let target = site::Site::start(|_| b"abc".to_vec());
    // The stand-in for a server answers with constants.
    let redirection = |status: &str| -> &'static str {
        let text = format!(
            "HTTP/1.1 {status}\r\nlocation: {}/b/k\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            target.url
        );
        Box::leak(text.into_boxed_str())
    };
    let place = Place::default();
    for (status, temporary) in [
        ("301 Moved Permanently", false),
        ("302 Found", false),
        ("307 Temporary Redirect", true),
        ("308 Permanent Redirect", false),
    ] {
        let answers = Box::leak(Box::new([redirection(status)]));
        let (url, _) = server(answers);
        let error = storage(&url).read(&place, &object("k"), 100, false).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.name(), error.is_temporary()),
            ("StorageFailed", temporary),
            "{error}"
        );
        assert!(error.to_string().contains(status), "{error}");

        let (url, _) = server(answers);
        let variables = move |name: &str| match name {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(url.clone()),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN" => Some("say this".to_owned()),
            _ => None,
        };
        let found = credentials::ContainerCredentials::from_env(variables).unwrap();
        use object_store::CredentialProvider;
        found.unwrap().get_credential().await.unwrap_err();
    }
    assert_eq!(target.connections_so_far(), 0);
}
