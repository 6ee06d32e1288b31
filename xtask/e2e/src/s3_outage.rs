//! Runs the function with an S3 that does not respond, or responds that it is too busy: the function reports a
//! temporary error within its time limit, and handles the next event.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::json;

use super::promises;
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The function's time limit, after which the emulator ends it and sends a response of its own.
const TIMEOUT_SECONDS: u64 = 3;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let silent = |mut socket: TcpStream| {
        let mut request = [0; 4096];
        // Until the function disconnects.
        while socket.read(&mut request).is_ok_and(|length| length > 0) {}
    };
    outage(workspace, sdk, function, silent, &["OutOfTime"])?;
    let busy = |mut socket: TcpStream| {
        let mut request = [0; 4096];
        let _ = socket.read(&mut request);
        let response = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = socket.write_all(response.as_bytes());
    };
    // The error depends on the random waits between retries.
    outage(workspace, sdk, function, busy, &["OutOfTime", "StorageFailed"])?;
    promises::record(
        "a response arrives within the time limit",
        "S3 that is silent or busy, with two events each",
        4,
        0,
    );
    Ok(())
}

/// Tests S3 that handles every connection with `response`; the type of the error must be one of `names`.
fn outage(
    workspace: &Workspace,
    sdk: &Sdk,
    function: &Function,
    response: fn(TcpStream),
    names: &[&str],
) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || response(socket));
        }
    });
    let limit = TIMEOUT_SECONDS.to_string();
    let environment = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
    // The emulator starts the function for the first event, which must not count towards the limit.
    get_page(&lambda)?;
    let start = Instant::now();
    let response = lambda.invoke(&json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": "a.jpg", "s3BucketArn": "arn:aws:s3:::photos"}],
    }))?;
    let result = &response["results"][0];
    let text = result["resultString"].as_str().unwrap_or_default();
    ensure!(
        result["resultCode"] == "TemporaryFailure" && names.iter().any(|name| text.starts_with(name)),
        "the response to a job during an outage of S3 is {response}"
    );
    ensure!(
        start.elapsed() < Duration::from_secs(TIMEOUT_SECONDS),
        "the response arrived after the function's time limit"
    );
    let response = lambda.invoke(&json!({"BUCKET_NAME": "photos", "S3_KEY": "a.jpg"}))?;
    let name = response["errorType"].as_str().unwrap_or_default();
    ensure!(
        names.contains(&name),
        "the response to a direct event during an outage of S3 is {response}"
    );
    get_page(&lambda)?;
    ensure!(lambda.emulator.start_count() == 1, "the function was started again");
    Ok(())
}

/// An event that needs no S3.
fn get_page(lambda: &LocalLambda) -> Result<()> {
    let page = lambda.invoke(&json!({
        "version": "2.0", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
        "requestContext": {"timeEpoch": 1, "http": {"method": "GET", "path": "/"}},
    }))?;
    ensure!(page["statusCode"] == 200, "the page is {page}");
    Ok(())
}
