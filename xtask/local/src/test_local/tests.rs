use super::*;

#[test]
fn only_requests_that_save_something_need_different_names() {
    let request = |kind| FunctionRequest {
        kind,
        objects: Vec::new(),
        expected: None,
    };
    let event = |file: &str| {
        request(RequestKind::Event {
            file: file.into(),
            event: serde_json::Value::Null,
        })
    };
    let photo = |photo: &str, key: Option<&str>| {
        request(RequestKind::Photo {
            photo: photo.into(),
            event: serde_json::Value::Null,
            result: key.map(|key| ("out".to_owned(), key.to_owned())),
        })
    };
    let http = |file: &str| request(RequestKind::Http(file.into()));
    let check = |one, other| ensure_different_outputs(&[one, other]);
    check(event("a/event.json"), event("b/event.json")).unwrap();
    check(photo("a/x.jpg", None), photo("b/x.jpg", None)).unwrap();
    check(photo("a/x.jpg", Some("x.json")), http("a/x.jpg")).unwrap();
    let error = check(http("a/x.jpg"), http("b/x.jpg")).unwrap_err().to_string();
    assert!(
        error.contains("`a/x.jpg` and for `b/x.jpg` would both be saved as `x.jpg.response`"),
        "{error}"
    );
    // Names of photos differ, and the object that is saved is the same.
    assert!(check(photo("x.jpg", Some("a/y.json")), photo("z.jpg", Some("y.json"))).is_err());
}

#[test]
fn objects_have_a_bucket_a_key_and_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    let object = parse_object(&format!("in/a/b={path}")).unwrap();
    assert_eq!((object.bucket.as_str(), object.key.as_str()), ("in", "a/b"));
    for text in ["in/a", &format!("in={path}"), "in/a=/nowhere/x"] {
        assert!(parse_object(text).is_err(), "{text}");
    }
}

#[test]
fn events_are_quoted_for_a_shell() {
    assert_eq!(curl_command("http://a/b", "{}"), "curl http://a/b -d '{}'");
    assert_eq!(
        curl_command("http://a/b", r#"{"key":"it's"}"#),
        r#"curl http://a/b -d '{"key":"it'\''s"}'"#
    );
}
