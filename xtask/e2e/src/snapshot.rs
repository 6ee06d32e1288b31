//! SnapStart: the function is ready before the snapshot and asks nothing of the network until it is
//! restored; then it takes new credentials from where Lambda has them. AWS's emulator does not know
//! snapshots, so `runtime_api` stands in for Lambda here.

mod runtime_api;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::json;

use self::runtime_api::{RuntimeApi, Step};
use local::s3::S3Server;
use support::child::Child;
use support::run::{Shell, cmd};

const BUCKET: &str = "photos";
/// How long the function may take to start and answer, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts the function, "restores" it, and has it look at a photo.
pub fn test(sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let objects = scratch.path().join("s3");
    fs_err::create_dir(&objects)?;
    let storage = S3Server::start(&objects)?;
    storage.create_bucket(BUCKET)?;
    storage.put(
        BUCKET,
        "lena.jpg",
        &sdk.path().join("share/samples/lena.jpg"),
    )?;
    let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": "lena.jpg"});
    let lambda = RuntimeApi::start(event)?;

    let log = scratch.path().join("log");
    let (sh, program) = (Shell::new()?, binary.path());
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
        format!("the function did not answer; it said: {output_text}")
    })?;
    let expected = [
        Step::Restored,
        Step::PolledForEvent,
        Step::Credentials,
        Step::SentResponse,
    ];
    let mut steps_seen: Vec<_> = steps.iter().map(|(step, _)| *step).collect();
    // It asks for both in this order and on two connections, which may be read in the other.
    if steps_seen.get(1..3) == Some(&[Step::Credentials, Step::PolledForEvent]) {
        steps_seen.swap(1, 2);
    }
    ensure!(
        steps_seen == expected,
        "the function did {steps:?}, and not {expected:?}"
    );
    let (_, response) = &steps[3];
    ensure!(
        response.contains("Find 1 face(s)"),
        "the restored function answered {response}"
    );
    Ok(())
}
