//! SnapStart: the function initialises before the snapshot without network access, and requests new credentials after
//! it is restored. AWS's emulator does not support snapshots, so `runtime_api` replaces Lambda here.

mod runtime_api;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use package::function::Function;
use serde_json::json;

use self::runtime_api::{FakeRuntimeApi, Step};
use local::s3::S3Server;
use support::child::Child;
use support::run::{Shell, cmd};

const BUCKET: &str = "photos";
/// The limit for the function to start and respond, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts the function, "restores" it, and sends it a photo.
pub fn test(function: &Function) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let storage = S3Server::start()?;
    storage.create_bucket(BUCKET)?;
    storage.put(BUCKET, "portrait.jpg", function.package.sample_photo()?)?;
    let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": "portrait.jpg"});
    let lambda = FakeRuntimeApi::start(event)?;

    let log = scratch.path().join("log");
    let (sh, program) = (Shell::new()?, function.path());
    let run = cmd!(sh, "{program}")
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address())
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
        .env("AWS_LAMBDA_FUNCTION_NAME", "face-detect")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", storage.endpoint())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", lambda.credentials())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", runtime_api::TOKEN);
    let _function = Child::start_logged(run, &log)?;

    let steps = lambda.wait(TIMEOUT).with_context(|| {
        let output_text = fs_err::read_to_string(&log).unwrap_or_default();
        format!("the function did not respond; its log: {output_text}")
    })?;
    let expected = [
        Step::Restored,
        Step::PolledForEvent,
        Step::Credentials,
        Step::SentResponse,
    ];
    let mut steps_seen: Vec<_> = steps.iter().map(|(step, _)| *step).collect();
    // The requests are on two connections, so that they may arrive in the other order.
    if steps_seen.get(1..3) == Some(&[Step::Credentials, Step::PolledForEvent]) {
        steps_seen.swap(1, 2);
    }
    ensure!(
        steps_seen == expected,
        "the function's steps are {steps:?}, expected {expected:?}"
    );
    let (_, response) = &steps[3];
    ensure!(
        response.contains("Find 1 face(s)"),
        "the response of the restored function is {response}"
    );
    Ok(())
}
