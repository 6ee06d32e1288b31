use std::fs;

use serde_json::{Value, json};

use super::fixture::FunctionFixture;
use super::object_created_in;

#[tokio::test]
async fn events_cannot_reach_unlisted_buckets() {
    let fixture = FunctionFixture::new().with_variable("FACE_DETECT_BUCKETS", "b, d");
    for bucket in ["c", "d"] {
        fs::create_dir(fixture.folder.path().join(bucket)).unwrap();
    }
    fs::copy(fixture.object_path("one.png"), fixture.folder.path().join("c/one.png")).unwrap();
    let direct = |bucket: &str, options: Value| json!({"BUCKET_NAME": bucket, "S3_KEY": "one.png", "options": options});
    fixture.invoke(direct("b", json!({}))).await.unwrap();
    fixture
        .invoke(direct("b", json!({"output_bucket": "d"})))
        .await
        .unwrap();
    for (event, named) in [
        (direct("c", json!({})), "`c`"),
        (direct("b", json!({"output_bucket": "c"})), "`c`"),
        (direct("b", json!({"buckets": "c"})), "FACE_DETECT_BUCKETS"),
        (
            direct("b", json!({"expected_bucket_owner": "1"})),
            "FACE_DETECT_EXPECTED_BUCKET_OWNER",
        ),
    ] {
        let error = fixture.invoke(event.clone()).await.unwrap_err();
        let expected = if named == "`c`" {
            "BucketNotAllowed"
        } else {
            "InvalidOption"
        };
        assert_eq!(error.name(), expected, "{event}: {error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    let error = fixture.invoke(object_created_in("c", "one.png"));
    assert_eq!(error.await.unwrap_err().name(), "BucketNotAllowed");
    let task = |bucket: &str| json!({"taskId": bucket, "s3Key": "one.png", "s3Bucket": bucket});
    let response = fixture.invoke(json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [task("b"), task("c")],
    }));
    let response = response.await.unwrap();
    assert_eq!(response["results"][0]["resultCode"], "Succeeded");
    assert_eq!(response["results"][1]["resultCode"], "PermanentFailure");
    let written = fs::read_dir(fixture.folder.path().join("c")).unwrap();
    assert_eq!(written.count(), 1, "an object was written to the bucket `c`");
}
