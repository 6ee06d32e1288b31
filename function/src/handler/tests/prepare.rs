use super::super::*;
use super::fixture::FakeDetector;
use crate::storage::tests::fake_s3::FakeS3;
use crate::storage::tests::{storage_at, storage_with_config};

#[tokio::test]
async fn connection_is_preopened_only_with_region_and_credentials() {
    const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let folder = ("FACE_DETECT_STORAGE".to_owned(), "file:///tmp".to_owned());
    let allowed = ("FACE_DETECT_BUCKETS".to_owned(), "b".to_owned());
    let not_allowed = ("FACE_DETECT_BUCKETS".to_owned(), "c".to_owned());
    for (variables, environment_options, expected) in [
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![], 1),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![allowed], 1),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![not_allowed], 0),
        // Credentials would come from the instance metadata service.
        (vec!["AWS_REGION"], vec![], 0),
        (vec!["AWS_REGION", KEYS[0]], vec![], 0),
        (KEYS.to_vec(), vec![], 0),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![folder], 0),
    ] {
        let s3 = FakeS3::start(|_| Vec::new());
        let environment_options = EnvironmentOptions::from_variables(environment_options);
        let options = environment_options
            .resolve(Preset::Original, SetBy::Anyone, &[])
            .unwrap();
        let mut function = Function::new(FakeDetector, environment_options, Machine::default());
        function.storage = storage_with_config(&s3.url, &options.storage);
        let environment = |name: &str| match name {
            "BUCKET_NAME" => Some("b".to_owned()),
            name => variables.contains(&name).then(|| "set".to_owned()),
        };
        function.prepare(environment).await;
        assert_eq!(s3.connections_before_probe(), expected, "{variables:?}");
        assert_eq!(s3.requests().len(), 1, "a request besides the probe");
    }
}

#[tokio::test]
async fn no_connection_is_opened_while_a_snapshot_is_pending() {
    let s3 = FakeS3::start(|_| Vec::new());
    let mut function = Function::new(FakeDetector, EnvironmentOptions::default(), Machine::default());
    let environment = |_: &str| Some("b".to_owned());
    function.before_snapshot();
    function.storage = storage_at(&s3.url);
    function.prepare(environment).await;
    assert_eq!(s3.connections_before_probe(), 0);
    function.after_restore();
    function.prepare(environment).await;
    assert_eq!(s3.connections_before_probe(), 2, "the first probe and the function");
}
