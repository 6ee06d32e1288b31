//! The server through its own API. The function's requests, which are signed, are tested end to end.

use super::objects::ObjectChecksum;
use super::*;

fn server() -> S3Server {
    let server = S3Server::start().unwrap();
    server.create_bucket("photos").unwrap();
    server
}

#[test]
fn any_key_is_kept_as_it_is() {
    let server = server();
    let long = "\u{30ab}".repeat(341) + "x";
    assert_eq!(long.len(), 1024);
    let keys = [
        "/a",
        "a",
        "a/",
        "a//b",
        "a/b",
        ".",
        "..",
        "../a",
        "a/./b",
        "a/../b",
        "a\\b",
        "a%2Fb",
        "a+b",
        "a b",
        " ",
        "\n\t\u{1}\u{7f}",
        "?a=b&c",
        "#a",
        &long,
    ];
    for (number, key) in keys.iter().enumerate() {
        server.write("photos", key, number.to_string().as_bytes()).unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(
            server.get("photos", key).unwrap(),
            number.to_string().as_bytes(),
            "{key:?}"
        );
    }
    let mut sorted = keys.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(server.keys("photos").unwrap(), sorted);
    server.remove("photos", "..").unwrap();
    assert!(server.get("photos", "..").is_err() && server.remove("photos", "..").is_err());
}

#[test]
fn missing_buckets_and_forbidden_names_are_errors() {
    let server = server();
    assert!(server.write("absent", "a", b"").is_err());
    assert!(server.keys("absent").is_err());
    for name in ["", "a", "Photos", "a/b", ".."] {
        assert!(server.create_bucket(name).is_err(), "{name}");
    }
}

#[test]
fn unsigned_requests_are_refused() {
    let server = server();
    server.write("photos", "a", b"content").unwrap();
    let response = ureq::get(format!("{}/photos/a", server.endpoint()))
        .config()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .call();
    assert_eq!(response.unwrap().status(), 403);
}

#[test]
fn checksums_are_those_of_the_content() {
    let object = Object::new("123456789".into());
    // The check value of Greg Cook, Catalogue of parametrised CRC algorithms, CRC-64/NVME.
    assert!(matches!(object.checksum, ObjectChecksum::Crc64Nvme(checksum) if checksum == "rosUhgp5mIg="));
    // The digest of FIPS 180-4's example "abc".
    let sha256 = || "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned();
    assert!(ObjectChecksum::from_client(sha256(), b"abc").is_some());
    assert!(ObjectChecksum::from_client(sha256(), b"abd").is_none());
}
