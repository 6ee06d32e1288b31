//! Storage against a folder, and S3's failures against a server on loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;

use super::*;

mod connecting;
mod privilege;
pub(crate) mod site;

impl Access {
    fn to(client: reqwest::Client) -> Self {
        Self {
            client,
            credentials: None,
        }
    }
}

/// Buckets that are folders in one.
pub(crate) fn place(folder: &std::path::Path) -> Place {
    Place {
        location: Location::Folder(folder.to_owned()),
        ..Place::default()
    }
}

impl Storage {
    /// Reads an object whole.
    async fn read(
        &self,
        place: &Place,
        object: &Object,
        limit: u64,
        guarded: bool,
    ) -> Result<Option<Bytes>> {
        match self.find(place, object, limit, guarded).await? {
            Some(found) => self.content(place, object, found).await.map(Some),
            None => Ok(None),
        }
    }
}

fn object(key: &str) -> Object {
    Object {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version: None,
    }
}

#[test]
fn keys_that_would_become_others_are_refused() {
    path("a/photo 1+2.jpg").unwrap();
    path("a/%41 caf\u{e9}.jpg").unwrap();
    for key in ["", "/a.jpg", "a.jpg/", "a//b.jpg", "a/../b.jpg", "./a.jpg"] {
        let error = path(key).unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{key}");
    }
}

#[tokio::test]
async fn buckets_stay_in_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder.path().join("buckets"));
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
        let write = storage.write(&place, bucket, "k", "image/jpeg", Vec::new());
        assert_eq!(write.await.unwrap_err().name(), expected, "{bucket}");
    }
}

#[tokio::test]
async fn a_folder_is_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    let place = place(folder.path());
    let storage = Storage::default();
    let write = storage.write(&place, "b", "a/k.jpg", "image/jpeg", b"abc".to_vec());
    write.await.unwrap();
    let found = storage.read(&place, &object("a/k.jpg"), 3, true).await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    let error = storage
        .read(&place, &object("a/k.jpg"), 2, true)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "PhotoTooLarge");
    let error = storage
        .read(&place, &object("x.jpg"), 2, true)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "ObjectNotFound");
}

/// The requests that a server got, without their bodies.
type Requests = Arc<Mutex<Vec<String>>>;

/// A server that answers each request with the next of `answers`, and again with the last one.
fn server(answers: &'static [&'static str]) -> (String, Requests) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let told = Arc::clone(&requests);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 8192];
            let length = socket.read(&mut request).unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let mut told = told.lock().unwrap();
            let answer = answers[told.len().min(answers.len() - 1)];
            told.push(text);
            drop(told);
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, requests)
}

/// A client without connections.
pub(crate) fn client() -> reqwest::Client {
    tls::client(false).unwrap()
}

/// A bucket at that server, which must be `owner`'s if there is one.
fn bucket(url: &str, name: &str, access: &Access, owner: Option<&str>) -> Bucket {
    let builder = AmazonS3Builder::new()
        .with_endpoint(url)
        .with_access_key_id("a")
        .with_secret_access_key("s");
    Bucket::S3(access.finish(builder, name, owner).unwrap())
}

/// A storage whose bucket `b` is at that server.
pub(crate) fn storage(url: &str) -> Storage {
    storage_as(url, &Place::default())
}

/// The same for another place.
pub(crate) fn storage_as(url: &str, place: &Place) -> Storage {
    let access = Access::to(client());
    let bucket = bucket(url, "b", &access, place.owner.as_deref());
    let storage = Storage::default();
    let key = (place.clone(), "b".to_owned());
    storage.lock().buckets.insert(key, bucket);
    storage
}

const BUSY: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
    last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\netag: \"e\"\r\n\
    x-amz-meta-written-by: face-detect\r\n\r\nabc";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_busy_s3_is_asked_again_for_the_same_version() {
    let (url, requests) = server(&[BUSY, BUSY, FOUND]);
    let version = Object {
        version: Some("v1".to_owned()),
        ..object("k")
    };
    let found = storage(&url)
        .read(&Place::default(), &version, 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    for request in requests.iter() {
        assert!(request.starts_with("GET /b/k?versionId=v1 HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_answer_is_tried_again() {
    let (url, requests) = server(&["", "HTTP/1.1 2", FOUND]);
    let found = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..]);
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn half_an_object_is_a_temporary_failure_and_no_object() {
    const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\netag: \"e\"\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\na";
    let (url, _) = server(&[HALF]);
    let error = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_object_and_tried_again() {
    const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/html\r\n\r\n<p>";
    let (url, requests) = server(&[PAGE, FOUND]);
    let found = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await;
    assert_eq!(found.unwrap().unwrap(), &b"abc"[..], "it is tried again");
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_changed_on_the_way_is_a_temporary_failure_and_no_object() {
    const CHANGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
        etag: \"900150983cd24fb0d6963f7d28e17f72\"\r\n\r\nabd";
    let (url, _) = server(&[CHANGED]);
    let error = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
    assert!(error.to_string().contains("ETag"), "{error}");
}

#[tokio::test]
async fn what_this_function_wrote_is_known_by_its_mark() {
    let (url, _) = server(&[FOUND]);
    let storage = storage(&url);
    let own = object("k");
    let place = Place::default();
    let guarded = |limit| storage.read(&place, &own, limit, true);
    assert!(guarded(100).await.unwrap().is_none());
    // However large it is.
    assert!(guarded(2).await.unwrap().is_none());
}

#[tokio::test]
async fn an_s3_that_stays_busy_is_a_temporary_failure_and_a_bad_request_is_none() {
    let (url, _) = server(&[BUSY]);
    let error = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "StorageFailed");
    assert!(error.is_temporary(), "{error}");

    let (url, requests) = server(&[BAD]);
    let error = storage(&url)
        .read(&Place::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert_eq!(error.name(), "StorageFailed");
    assert!(!error.is_temporary(), "{error}");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_a_temporary_failure() {
    // The port is free again when the listener is dropped.
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let storage = storage(&format!("http://{address}"));
    let error = storage
        .read(&Place::default(), &object("k"), 100, false)
        .await
        .err()
        .unwrap();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn a_restored_function_asks_lambda_for_its_credentials() {
    use object_store::CredentialProvider;

    const ANSWER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        {\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\
        \"Expiration\":\"2999-01-01T00:00:00Z\",\"Code\":\"Success\"}";
    let (url, requests) = server(&[ANSWER]);
    let variables = move |name: &str| match name {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(url.clone()),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN" => Some("say this".to_owned()),
        _ => None,
    };
    let found = credentials::ContainerCredentials::from_env(variables)
        .unwrap()
        .unwrap();
    for _ in 0..2 {
        let credential = found.get_credential().await.unwrap();
        assert_eq!(credential.key_id, "id");
        assert_eq!(credential.token.as_deref(), Some("token"));
    }
    assert_eq!(requests.lock().unwrap().len(), 1, "they were not kept");
    assert!(!format!("{found:?}").contains("say this"));
    let none = credentials::ContainerCredentials::from_env(|_| None).unwrap();
    assert!(none.is_none());
}
