//! Preparation before the first event, and before a snapshot.

mod answers;

use super::*;
use crate::photo::{Header, PhotoError};
use crate::processor::{Processed, Task};
use crate::response::tests::Things;
use crate::storage::tests::fake_s3::FakeS3;
use crate::storage::tests::storage_at;

/// It gets no photo.
struct IdleProcessor;

impl Processor for IdleProcessor {
    type Options = ();
    type Answer = Things;

    fn process(&self, _: &[u8], header: &Header, _: &Task<()>) -> Result<Processed<Things>, PhotoError> {
        panic!("a photo of {} pixels", header.pixels());
    }
}

fn handler(s3: &FakeS3, environment_options: Vec<(String, String)>) -> Handler<IdleProcessor> {
    let environment_options = EnvironmentOptions::from_variables(environment_options);
    let mut handler = Handler::new(IdleProcessor, environment_options, Machine::default());
    handler.storage = storage_at(&s3.url);
    handler
}

#[tokio::test]
async fn connection_is_preopened_only_to_permitted_buckets_in_s3() {
    let folder = ("PHOTO_STORAGE".to_owned(), "file:///tmp".to_owned());
    let allowed = ("PHOTO_BUCKETS".to_owned(), "b".to_owned());
    let not_allowed = ("PHOTO_BUCKETS".to_owned(), "c".to_owned());
    for (environment_options, expected) in [
        (vec![], 1),
        (vec![allowed], 1),
        (vec![not_allowed], 0),
        (vec![folder], 0),
    ] {
        let s3 = FakeS3::start(|_| Vec::new());
        let function = handler(&s3, environment_options);
        let environment = |name: &str| (name == "BUCKET_NAME").then(|| "b".to_owned());
        function.prepare(environment).await;
        assert_eq!(s3.connections_before_probe(), expected);
        assert_eq!(s3.requests().len(), 1, "a request besides the probe");
    }
}

#[tokio::test]
async fn connections_do_not_survive_a_snapshot() {
    let s3 = FakeS3::start(|_| Vec::new());
    let function = handler(&s3, Vec::new());
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

#[tokio::test]
async fn panic_is_an_internal_error() {
    let response = catch_panic::<()>(async { panic!("a panic for a test") }).await;
    assert_eq!(response.unwrap_err().name(), "InternalError");
}
