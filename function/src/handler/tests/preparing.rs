//! What is prepared before the first event.

use super::super::*;
use super::site::OneFace;
use crate::storage::tests::site::Site as S3;
use crate::storage::tests::{storage, storage_as};

#[tokio::test]
async fn a_connection_is_opened_before_the_first_event_where_that_asks_nobody_else() {
    const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let folder = ("FACE_DETECT_STORAGE".to_owned(), "file:///tmp".to_owned());
    let listed = ("FACE_DETECT_BUCKETS".to_owned(), "b".to_owned());
    let unlisted = ("FACE_DETECT_BUCKETS".to_owned(), "c".to_owned());
    for (variables, settings, expected) in [
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![], 1),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![listed], 1),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![unlisted], 0),
        // Credentials would be asked of the machine's metadata service.
        (vec!["AWS_REGION"], vec![], 0),
        (vec!["AWS_REGION", KEYS[0]], vec![], 0),
        (KEYS.to_vec(), vec![], 0),
        (vec!["AWS_REGION", KEYS[0], KEYS[1]], vec![folder], 0),
    ] {
        let s3 = S3::start(|_| Vec::new());
        let settings = Settings::of(settings);
        let options = settings
            .options(Preset::Original, Who::Anyone, &[])
            .unwrap();
        let mut function = Function::new(OneFace, settings, Machine::default());
        function.storage = storage_as(&s3.url, &options.storage);
        let environment = |name: &str| match name {
            "BUCKET_NAME" => Some("b".to_owned()),
            name => variables.contains(&name).then(|| "set".to_owned()),
        };
        function.prepare(environment).await;
        assert_eq!(s3.connections_so_far(), expected, "{variables:?}");
        assert_eq!(s3.asked().len(), 1, "only by the line above");
    }
}

#[tokio::test]
async fn no_connection_is_opened_between_a_snapshot_and_its_restore() {
    let s3 = S3::start(|_| Vec::new());
    let mut function = Function::new(OneFace, Settings::default(), Machine::default());
    let environment = |_: &str| Some("b".to_owned());
    function.before_snapshot();
    function.storage = storage(&s3.url);
    function.prepare(environment).await;
    assert_eq!(s3.connections_so_far(), 0);
    function.after_restore();
    function.prepare(environment).await;
    assert_eq!(
        s3.connections_so_far(),
        2,
        "the line above and one of the function"
    );
}
