//! Keys and versions in requests, and keys that cannot be files.

use super::*;

/// Keys that S3 allows, and their paths in requests.
const KEYS: [(&str, &str); 14] = [
    ("a/photo 1+2.jpg", "a/photo%201%2B2.jpg"),
    ("a//b.jpg", "a//b.jpg"),
    ("/a.jpg", "/a.jpg"),
    ("//", "//"),
    ("a.jpg/", "a.jpg/"),
    (".", "."),
    ("..", ".."),
    ("../b/k", "../b/k"),
    ("a/./b/../c.jpg", "a/./b/../c.jpg"),
    ("%2e%2e/a%41", "%252e%252e/a%2541"),
    ("a\\b", "a%5Cb"),
    ("\r\n \u{1}\u{7f}", "%0D%0A%20%01%7F"),
    ("?versionId=x&y#z", "%3FversionId%3Dx%26y%23z"),
    (
        "\u{65e5}\u{672c}/caf\u{e9}\u{1f600}",
        "%E6%97%A5%E6%9C%AC/caf%C3%A9%F0%9F%98%80",
    ),
];

#[tokio::test]
async fn objects_are_read_and_written_under_their_exact_keys() {
    let s3 = fake_s3::FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    let config = StorageConfig::default();
    let long = "\u{30ab}".repeat(341);
    let long_path = "%E3%82%AB".repeat(341);
    let keys = KEYS.iter().copied().chain([(long.as_str(), long_path.as_str())]);
    for (key, path) in keys {
        let found = storage.read(&config, &object(key), 3, true).await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..], "{key:?}");
        let written = storage.write(&config, "b", key, "image/jpeg", b"abc".to_vec()).await;
        written.unwrap();
        let requests: Vec<_> = s3.requests().into_iter().rev().take(2).map(|(_, line)| line).collect();
        assert_eq!(requests, [format!("PUT /b/{path}"), format!("GET /b/{path}")]);
    }
}

#[tokio::test]
async fn impossible_keys_are_refused_without_a_request() {
    let s3 = fake_s3::FakeS3::start(|_| b"abc".to_vec());
    let storage = storage_at(&s3.url);
    let config = StorageConfig::default();
    for key in ["", &"k".repeat(1025)] {
        let read = storage.read(&config, &object(key), 3, true).await.unwrap_err();
        let write = storage
            .write(&config, "b", key, "image/jpeg", Vec::new())
            .await
            .unwrap_err();
        assert_eq!([read.name(), write.name()], ["InvalidRequest"; 2]);
    }
    assert_eq!(s3.connections_before_probe(), 0);
}

#[tokio::test]
async fn keys_that_are_not_paths_of_files_are_refused_in_folders() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    std::fs::write(folder.path().join("outside"), b"abc").unwrap();
    let config = folder_storage(folder.path());
    let storage = Storage::default();
    for key in [
        "",
        "/a.jpg",
        "a.jpg/",
        "a//b.jpg",
        "a/../b.jpg",
        "../outside",
        "./a.jpg",
        "..",
        "a\0b",
    ] {
        let read = storage.read(&config, &object(key), 100, true).await.unwrap_err();
        let write = storage
            .write(&config, "b", key, "image/jpeg", Vec::new())
            .await
            .unwrap_err();
        assert_eq!([read.name(), write.name()], ["InvalidRequest"; 2], "{key:?}");
        assert!(read.to_string().contains("S3"), "{read}");
    }
    for key in ["a/photo 1+2.jpg", "%2e%2e", "caf\u{e9}\n", ".hidden"] {
        let write = storage.write(&config, "b", key, "image/jpeg", b"abc".to_vec());
        write.await.unwrap();
        let found = storage.read(&config, &object(key), 100, true).await;
        assert_eq!(found.unwrap().unwrap(), &b"abc"[..], "{key:?}");
    }
    // A file cannot be a folder, too.
    let write = storage
        .write(&config, "b", "caf\u{e9}\n/a", "image/jpeg", Vec::new())
        .await
        .unwrap_err();
    assert_eq!((write.name(), write.is_temporary()), ("StorageFailed", false));
    let names: Vec<_> = std::fs::read_dir(folder.path().join("b")).unwrap().collect();
    assert_eq!(names.len(), 4, "temporary files were left: {names:?}");
}
