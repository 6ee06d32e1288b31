//! Every HTTP request gets a response with a status.

use serde_json::{Value, json};

use super::super::catch_panic;
use super::fixture::{FunctionFixture, png};

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
async fn http_requests_get_their_status() {
    let fixture = FunctionFixture::new();
    let photo = base64(&png(300));
    let cases = [
        (request("GET", "/", "", "text/html", ""), 200),
        (request("HEAD", "/", "", "*/*", ""), 200),
        (request("GET", "/favicon.ico", "", "*/*", ""), 404),
        (request("PUT", "/", "", "*/*", &photo), 405),
        (request("POST", "/", "", "*/*", &photo), 200),
        (request("POST", "/", "", "text/html", &photo), 406),
        (request("POST", "/", "", "*/*", ""), 400),
        (request("POST", "/", "score=0.5", "*/*", &photo), 200),
        (request("POST", "/", "score=9", "*/*", &photo), 400),
        (request("POST", "/", "preset=original&score=0.5", "*/*", &photo), 400),
        (request("POST", "/", "output_bucket=mine", "*/*", &photo), 400),
        (request("POST", "/", "", "*/*", &base64(b"text")), 415),
        (request("POST", "/", "", "*/*", &base64(&png(666))), 422),
        (request("POST", "/", "", "*/*", &base64(&png(2_000_000))), 413),
    ];
    for (event, status) in cases {
        let response = fixture.invoke(event.clone()).await.unwrap();
        assert_eq!(response["statusCode"], status, "{event} {response}");
    }
    let response = fixture
        .invoke(request("POST", "/", "", "image/jpeg", &photo))
        .await
        .unwrap();
    assert_eq!(response["headers"]["content-type"], "image/jpeg");
    assert_eq!(response["body"], base64(&[95]));
    assert!(fixture.written_keys().is_empty());
}

#[tokio::test]
async fn malformed_http_events_get_status_400() {
    let fixture = FunctionFixture::new();
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
        let response = fixture.invoke(event.clone()).await.unwrap();
        assert_eq!(response["statusCode"], 400, "{event}: {response}");
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert!(body["error"]["message"].is_string(), "{body}");
        // These four fields are valid in both payload formats.
        let fields: Vec<_> = response.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["body", "headers", "isBase64Encoded", "statusCode"]);
    }
}

#[tokio::test]
async fn panic_becomes_status_500() {
    let fixture = FunctionFixture::new();
    let photo = base64(&png(667));
    let response = fixture.invoke(request("POST", "/", "", "*/*", &photo)).await.unwrap();
    assert_eq!(response["statusCode"], 500, "{response}");
    let response = catch_panic(async { panic!("a panic for a test") }).await;
    assert_eq!(response.unwrap_err().name(), "InternalError");
}

#[tokio::test]
async fn errors_quote_only_a_little_of_the_input() {
    let fixture = FunctionFixture::new();
    let long = "\u{1}".repeat(3_000_000);
    for (event, status) in [
        (request("GET", &long, "", "*/*", ""), 404),
        (request("POST", "/", &format!("{long}=1"), "*/*", ""), 400),
        (request("POST", "/", &format!("preset={long}"), "*/*", ""), 400),
        (json!({"requestContext": {"http": {"method": long}}}), 400),
    ] {
        let response = fixture.invoke(event).await.unwrap();
        assert_eq!(response["statusCode"], status);
        assert!(response.to_string().len() < 20_000);
    }
    for event in [
        json!({"BUCKET_NAME": "b", "S3_KEY": long}),
        json!({"BUCKET_NAME": long, "S3_KEY": "k"}),
        json!({"BUCKET_NAME": {"a": long}, "S3_KEY": "k"}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": long}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": {"preset": long}}),
        json!({"BUCKET_NAME": "b", "S3_KEY": "k", "options": {"output_key": [long]}}),
    ] {
        let error = fixture.invoke(event).await.unwrap_err();
        assert!(error.message().len() < 20_000, "{}", error.name());
    }
}
