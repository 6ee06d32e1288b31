//! Requests over HTTP: every one of them is answered, by a status.

use serde_json::{Value, json};

use super::super::guarded;
use super::site::{Site, png};

fn request(method: &str, path: &str, query: &str, accept: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {"accept": accept},
        "requestContext": {"timeEpoch": 1, "http": {"method": method, "path": path}},
        "body": body, "isBase64Encoded": true,
    })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn http_has_a_status_for_everything() {
    let site = Site::new();
    let photo = base64(&png(300));
    let cases = [
        (request("GET", "/", "", "text/html", ""), 200),
        (request("HEAD", "/", "", "*/*", ""), 200),
        (request("GET", "/favicon.ico", "", "*/*", ""), 404),
        (request("PUT", "/", "", "*/*", &photo), 405),
        (request("POST", "/", "", "*/*", &photo), 200),
        (request("POST", "/", "", "text/html", &photo), 406),
        (request("POST", "/", "", "*/*", ""), 400),
        (request("POST", "/", "scale_factor=9", "*/*", &photo), 400),
        (
            request("POST", "/", "output_bucket=mine", "*/*", &photo),
            400,
        ),
        (request("POST", "/", "", "*/*", &base64(b"text")), 415),
        (request("POST", "/", "", "*/*", &base64(&png(666))), 422),
        (
            request("POST", "/", "", "*/*", &base64(&png(2_000_000))),
            413,
        ),
    ];
    for (event, status) in cases {
        let answer = site.ask(event.clone()).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{event} {answer}");
    }
    let answer = site
        .ask(request("POST", "/", "", "image/jpeg", &photo))
        .await
        .unwrap();
    assert_eq!(answer["headers"]["content-type"], "image/jpeg");
    assert_eq!(answer["body"], base64(&[95]));
    assert!(site.written().is_empty());
}

#[tokio::test]
async fn what_cannot_be_parsed_is_answered_as_well() {
    let site = Site::new();
    let mut bad_base64 = request("POST", "/", "", "*/*", "%%%");
    let mut no_method = request("", "/", "", "*/*", "");
    no_method["requestContext"]["http"]["method"] = json!("NO METHOD");
    let mut bad_header = request("POST", "/", "", "*/*", "");
    bad_header["headers"] = json!({"a b": "c"});
    bad_base64["isBase64Encoded"] = json!(true);
    for event in [
        bad_base64,
        no_method,
        bad_header,
        json!({"requestContext": {"http": 1}}),
        json!({"requestContext": {"http": {"method": "POST"}}, "body": 1}),
        json!({"requestContext": {"elb": {"targetGroupArn": "a"}}, "httpMethod": "GET", "path": "/"}),
        json!({"version": "1.0", "httpMethod": "POST", "requestContext": {"stage": "prod"}}),
    ] {
        let answer = site.ask(event.clone()).await.unwrap();
        assert_eq!(answer["statusCode"], 400, "{event}: {answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert!(body["error"]["message"].is_string(), "{body}");
        // Whatever payload format was asked in, these four are an answer in it.
        let fields: Vec<_> = answer.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["body", "headers", "isBase64Encoded", "statusCode"]);
    }
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let site = Site::new();
    let photo = base64(&png(667));
    let answer = site
        .ask(request("POST", "/", "", "*/*", &photo))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 500, "{answer}");
    let answer = guarded(async { panic!("as a test does it") }).await;
    assert_eq!(answer.unwrap_err().name(), "InternalError");
}

#[tokio::test]
async fn errors_repeat_little_of_what_was_sent() {
    let site = Site::new();
    let long = "\u{1}".repeat(3_000_000);
    for (event, status) in [
        (request("GET", &long, "", "*/*", ""), 404),
        (request("POST", "/", &format!("{long}=1"), "*/*", ""), 400),
        (
            request("POST", "/", &format!("preset={long}"), "*/*", ""),
            400,
        ),
        (json!({"requestContext": {"http": {"method": long}}}), 400),
    ] {
        let answer = site.ask(event).await.unwrap();
        assert_eq!(answer["statusCode"], status);
        assert!(answer.to_string().len() < 20_000);
    }
    for event in [
        json!({"BUCKET_NAME": "b", "S3_KEY": long}),
        json!({"BUCKET_NAME": long, "S3_KEY": "k"}),
        json!({"BUCKET_NAME": {"a": long}, "S3_KEY": "k"}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": long}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": {"preset": long}}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": {"output_key": [long]}}),
    ] {
        let error = site.ask(event).await.unwrap_err();
        assert!(error.message().len() < 20_000, "{}", error.name());
    }
}
