//! Which buckets events reach.

use std::fs;

use serde_json::{Value, json};

use super::created_in;
use super::site::Site;

#[tokio::test]
async fn no_event_reaches_a_bucket_that_the_operator_has_not_listed() {
    let site = Site::new().set("FACE_DETECT_BUCKETS", "b, d");
    for bucket in ["c", "d"] {
        fs::create_dir(site.folder.path().join(bucket)).unwrap();
    }
    fs::copy(site.path("one.png"), site.folder.path().join("c/one.png")).unwrap();
    let direct = |bucket: &str, options: Value| json!({"BUCKET_NAME": bucket, "S3_KEY": "one.png", "options": options});
    site.ask(direct("b", json!({}))).await.unwrap();
    site.ask(direct("b", json!({"output_bucket": "d"})))
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
        let error = site.ask(event.clone()).await.unwrap_err();
        let expected = if named == "`c`" {
            "BucketNotAllowed"
        } else {
            "InvalidOption"
        };
        assert_eq!(error.name(), expected, "{event}: {error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    let error = site.ask(created_in("c", "one.png"));
    assert_eq!(error.await.unwrap_err().name(), "BucketNotAllowed");
    let task = |bucket: &str| json!({"taskId": bucket, "s3Key": "one.png", "s3Bucket": bucket});
    let answer = site.ask(json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [task("b"), task("c")],
    }));
    let answer = answer.await.unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "Succeeded");
    assert_eq!(answer["results"][1]["resultCode"], "PermanentFailure");
    let written = fs::read_dir(site.folder.path().join("c")).unwrap();
    assert_eq!(
        written.count(),
        1,
        "something was written to the bucket `c`"
    );
}
