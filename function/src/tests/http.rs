//! Every HTTP request gets a response with a status.

use lambda_runtime::FunctionResponse;
use serde_json::{Value, json};

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
        (request("GET", "", "", "*/*", ""), 200),
        (request("GET", "/prod/", "", "*/*", ""), 200),
        (request("GET", "/v1/faces", "", "*/*", ""), 200),
        (request("GET", "/v1.2/faces", "", "*/*", ""), 200),
        (request("GET", "/v1.2", "", "*/*", ""), 200),
        (request("GET", "/v1.beta/", "", "*/*", ""), 200),
        (request("GET", "/.well-known/security", "", "*/*", ""), 404),
        (request("HEAD", "/robots.txt", "", "*/*", ""), 404),
        (request("OPTIONS", "/", "", "*/*", ""), 405),
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
    bad_header["headers"] = json!({"a b": "c", "accept": 1});
    bad_base64["isBase64Encoded"] = json!(true);
    for event in [
        bad_base64,
        no_method,
        bad_header,
        json!({"requestContext": {"http": 1}}),
        json!({"requestContext": {"http": {"method": "POST"}}, "body": 1}),
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
async fn head_has_the_headers_of_the_page_without_its_body() {
    let fixture = FunctionFixture::new();
    let get = fixture.invoke(request("GET", "/", "", "*/*", "")).await.unwrap();
    let head = fixture.invoke(request("HEAD", "/", "", "*/*", "")).await.unwrap();
    assert_eq!(head["headers"], get["headers"]);
    assert_eq!(head["body"], "");
    let mut again = request("GET", "/", "", "*/*", "");
    again["headers"]["If-None-Match"] = get["headers"]["etag"].clone();
    let response = fixture.invoke(again).await.unwrap();
    assert_eq!((&response["statusCode"], &response["body"]), (&json!(304), &json!("")));
}

/// A request through a load balancer.
fn target_request(method: &str, headers: &Value, multi_value_headers: bool, body: &str) -> Value {
    let mut event = json!({
        "requestContext": {"elb": {"targetGroupArn": "a"}}, "httpMethod": method, "path": "/",
        "body": body, "isBase64Encoded": true,
    });
    let names = ["headers", "multiValueHeaders"];
    event[names[usize::from(multi_value_headers)]] = headers.clone();
    event
}

#[tokio::test]
async fn each_sender_gets_its_format_for_successes_and_errors() {
    let fixture = FunctionFixture::new();
    for (body, status, description) in [
        (base64(&png(300)), 200, "200 OK"),
        (base64(b"text"), 415, "415 Unsupported Media Type"),
        ("%".to_owned(), 400, "400 Bad Request"),
        (base64(&png(667)), 500, "500 Internal Server Error"),
    ] {
        let single = target_request("POST", &json!({"accept": "*/*"}), false, &body);
        let multi = target_request("POST", &json!({"accept": ["*/*"]}), true, &body);
        let gateway = json!({
            "version": "1.0", "httpMethod": "POST", "path": "/faces", "body": body, "isBase64Encoded": true,
            "headers": {"Accept": "*/*"}, "requestContext": {"stage": "prod", "httpMethod": "POST"},
        });
        let lattice = json!({
            "version": "2.0", "method": "POST", "path": "/faces", "body": body, "isBase64Encoded": true,
            "headers": {"accept": ["*/*"]}, "requestContext": {"targetGroupArn": "a"},
        });
        for (event, is_target, headers) in [
            (single, true, "/headers/content-type"),
            (multi, true, "/multiValueHeaders/content-type/0"),
            (gateway, false, "/headers/content-type"),
            (lattice, false, "/headers/content-type"),
        ] {
            let response = fixture.invoke(event).await.unwrap();
            assert_eq!(response["statusCode"], status, "{response}");
            let expected = if is_target { json!(description) } else { Value::Null };
            assert_eq!(response["statusDescription"], expected);
            assert_eq!(
                response.pointer(headers),
                Some(&json!("application/json")),
                "{response}"
            );
        }
    }
}

#[tokio::test]
async fn annotated_photo_is_refused_or_made_smaller_if_the_sender_cannot_take_it() {
    let fixture = FunctionFixture::new();
    let photo = base64(&png(668));
    let headers = json!({"accept": "image/jpeg"});
    let send = async |quality: &str| {
        let mut event = target_request("POST", &headers, false, &photo);
        event["queryStringParameters"] = json!({"oversized_jpeg": quality});
        let target = fixture.invoke(event).await.unwrap();
        let query = format!("oversized_jpeg={quality}");
        let gateway = fixture.invoke(request("POST", "/", &query, "image/jpeg", &photo)).await;
        [target, gateway.unwrap()]
    };
    for response in send("refuse").await {
        assert_eq!(response["statusCode"], 413, "{response}");
        assert!(
            response["body"].as_str().unwrap().contains("lower_quality"),
            "{response}"
        );
    }
    let quality = |response: &Value| {
        use base64::Engine;
        let start = response["body"].as_str().unwrap().get(..4).unwrap();
        base64::engine::general_purpose::STANDARD.decode(start).unwrap()[0]
    };
    // 1 MB of base64 for a load balancer, 6 MB for others.
    let [target, gateway] = send("lower_quality").await;
    assert_eq!((quality(&target), quality(&gateway)), (10, 35));
    assert_eq!(
        (&target["statusCode"], &gateway["statusCode"]),
        (&json!(200), &json!(200))
    );
    let query = "oversized_jpeg=lower_quality";
    let too_large = request("POST", "/", query, "image/jpeg", &base64(&png(669)));
    let response = fixture.invoke(too_large).await.unwrap();
    assert_eq!(response["statusCode"], 413, "{response}");
    let body = response["body"].as_str().unwrap();
    assert!(
        body.contains("a smaller photo") && !body.contains("oversized_jpeg"),
        "{body}"
    );
}

#[tokio::test]
async fn invalid_variable_is_the_operators_fault_and_does_not_change_the_form_of_responses() {
    let origin = "https://shop.example";
    let fixture = |score: &str| {
        FunctionFixture::new()
            .with_variable("FACE_DETECT_SCORE", score)
            .with_variable("FACE_DETECT_STREAM_RESPONSES", "true")
            .with_variable("FACE_DETECT_CORS_ORIGINS", origin)
    };
    let mut event = request("POST", "/", "min_face=2&max_face=1", "*/*", &base64(&png(300)));
    event["headers"]["origin"] = json!(origin);
    for (score, status) in [("0.5", 400), ("high", 500)] {
        let response = fixture(score).respond(event.clone()).await.unwrap();
        let json = serde_json::to_value(&response).unwrap();
        assert_eq!(json["statusCode"], status, "{json}");
        assert!(json["body"].as_str().unwrap().contains("InvalidOption"), "{json}");
        assert_eq!(json["headers"]["access-control-allow-origin"], origin);
        let response = FunctionResponse::from(response);
        assert!(matches!(response, FunctionResponse::StreamingResponse(_)), "{score}");
    }
    let response = fixture("high").invoke(request("OPTIONS", "/", "", "*/*", "")).await;
    assert_eq!(response.unwrap()["statusCode"], 204);
}

#[tokio::test]
async fn other_origins_are_allowed_by_the_operator_only() {
    let origin = "https://shop.example";
    let with_origin = |method: &str| {
        let mut event = request(method, "/", "", "*/*", "");
        event["headers"]["origin"] = json!(origin);
        event
    };
    let closed = FunctionFixture::new();
    for method in ["OPTIONS", "POST"] {
        let response = closed.invoke(with_origin(method)).await.unwrap();
        assert!(
            response["headers"].get("access-control-allow-origin").is_none(),
            "{response}"
        );
    }
    let open = FunctionFixture::new().with_variable("FACE_DETECT_CORS_ORIGINS", &format!("http://a, {origin}"));
    let response = open.invoke(with_origin("OPTIONS")).await.unwrap();
    assert_eq!(response["statusCode"], 204, "{response}");
    assert_eq!(response["headers"]["access-control-allow-origin"], origin);
    assert_eq!(response["headers"]["access-control-allow-methods"], "GET, HEAD, POST");
    // Errors, too: otherwise a page could not read them.
    let response = open.invoke(with_origin("POST")).await.unwrap();
    assert_eq!(response["statusCode"], 400, "{response}");
    assert_eq!(response["headers"]["access-control-allow-origin"], origin);
    let other = open.invoke(request("OPTIONS", "/", "", "*/*", "")).await.unwrap();
    assert!(other["headers"].get("access-control-allow-origin").is_none(), "{other}");
    for value in ["*,https://a", "shop.example", "https://shop.example/", "https://"] {
        let invalid = FunctionFixture::new().with_variable("FACE_DETECT_CORS_ORIGINS", value);
        let response = invalid.invoke(request("POST", "/", "", "*/*", "")).await.unwrap();
        let body = response["body"].as_str().unwrap();
        assert!(body.contains("FACE_DETECT_CORS_ORIGINS"), "{value}: {body}");
    }
}

#[tokio::test]
async fn panic_becomes_status_500() {
    let fixture = FunctionFixture::new();
    let photo = base64(&png(667));
    let response = fixture.invoke(request("POST", "/", "", "*/*", &photo)).await.unwrap();
    assert_eq!(response["statusCode"], 500, "{response}");
}

#[tokio::test]
async fn errors_quote_only_a_little_of_the_input() {
    let fixture = FunctionFixture::new();
    let long = "\u{1}".repeat(3_000_000);
    for (event, status) in [
        (request("GET", &format!("/{long}.ico"), "", "*/*", ""), 404),
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
