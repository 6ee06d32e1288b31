use super::super::*;
use super::fixture::FakeDetector;
use crate::storage::tests::fake_s3::FakeS3;
use crate::storage::tests::storage_at;

#[tokio::test]
async fn connection_is_preopened_only_to_permitted_buckets_in_s3() {
    let folder = ("FACE_DETECT_STORAGE".to_owned(), "file:///tmp".to_owned());
    let allowed = ("FACE_DETECT_BUCKETS".to_owned(), "b".to_owned());
    let not_allowed = ("FACE_DETECT_BUCKETS".to_owned(), "c".to_owned());
    for (environment_options, expected) in [
        (vec![], 1),
        (vec![allowed], 1),
        (vec![not_allowed], 0),
        (vec![folder], 0),
    ] {
        let s3 = FakeS3::start(|_| Vec::new());
        let environment_options = EnvironmentOptions::from_variables(environment_options);
        let mut function = Function::new(FakeDetector, environment_options, Machine::default());
        function.storage = storage_at(&s3.url);
        let environment = |name: &str| (name == "BUCKET_NAME").then(|| "b".to_owned());
        function.prepare(environment).await;
        assert_eq!(s3.connections_before_probe(), expected);
        assert_eq!(s3.requests().len(), 1, "a request besides the probe");
    }
}

#[tokio::test]
async fn connections_do_not_survive_a_snapshot() {
    let s3 = FakeS3::start(|_| Vec::new());
    let mut function = Function::new(FakeDetector, EnvironmentOptions::default(), Machine::default());
    function.storage = storage_at(&s3.url);
    for expected in [1, 3] {
        function.prepare(|_| Some("b".to_owned())).await;
        assert_eq!(
            s3.connections_before_probe(),
            expected,
            "the connections, and the first probe"
        );
        function.before_snapshot();
    }
}
