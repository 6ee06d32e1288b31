//! The part of Lambda's Runtime API that a restored function uses, and the endpoint of credentials. Source: AWS Lambda
//! Developer Guide, "Using the Lambda runtime API"; "Runtime hooks for SnapStart".

use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use serde_json::{Value, json};

use local::s3::{ACCESS_KEY, SECRET_KEY};
use local::server::Server;
use support::sync::lock_ignoring_poison;

/// The token that the function must send to get credentials.
pub const TOKEN: &str = "a token of this restore";
const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// A request of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `restore/next`: the snapshot may be taken; the response means that the function was restored.
    Restored,
    /// `invocation/next`.
    PolledForEvent,
    /// A request for credentials with the right token.
    Credentials,
    /// `invocation/ID/response`.
    SentResponse,
    /// Any other request.
    Other,
}

/// The steps, each with its request's method, path and body.
type Steps = Vec<(Step, String)>;

pub struct FakeRuntimeApi {
    server: Server,
    state: Arc<State>,
}

struct State {
    event: Value,
    steps: Mutex<Steps>,
    changed: Condvar,
}

impl FakeRuntimeApi {
    /// Starts a server with one event.
    pub fn start(event: Value) -> Result<Self> {
        let state = Arc::new(State {
            event,
            steps: Mutex::default(),
            changed: Condvar::new(),
        });
        let server = Server::start("Runtime API", {
            let state = Arc::clone(&state);
            move |_| {
                let state = Arc::clone(&state);
                service_fn(move |request| respond(Arc::clone(&state), request))
            }
        })?;
        Ok(Self { server, state })
    }

    /// `HOST:PORT`, the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.server.address.to_string()
    }

    /// The URL of the credentials.
    pub fn credentials(&self) -> String {
        format!("http://{}/credentials", self.server.address)
    }

    /// Waits for the function's response; returns its steps.
    pub fn wait(&self, timeout: Duration) -> Result<Steps> {
        let done = |steps: &mut Steps| !steps.iter().any(|(step, _)| *step == Step::SentResponse);
        let steps = lock_ignoring_poison(&self.state.steps);
        let waited = self.state.changed.wait_timeout_while(steps, timeout, done);
        let (steps, result) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        ensure!(!result.timed_out(), "timed out after the steps {steps:?}");
        Ok(steps.clone())
    }
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes);
    let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    let path = head.uri.path().trim_start_matches("/2018-06-01/runtime/");
    let token = head.headers.get("authorization");
    let (step, function_response) = if path == "restore/next" {
        (Step::Restored, Value::Null)
    } else if path == "invocation/next" {
        if lock_ignoring_poison(&state.steps)
            .iter()
            .any(|(step, _)| *step == Step::PolledForEvent)
        {
            // There is no second event.
            std::future::pending::<()>().await;
        }
        (Step::PolledForEvent, state.event.clone())
    } else if path == "/credentials" && token.is_some_and(|token| token == TOKEN) {
        let credentials = json!({
            "AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": "session",
            "Expiration": "2999-01-01T00:00:00Z",
        });
        (Step::Credentials, credentials)
    } else if path == format!("invocation/{REQUEST_ID}/response") {
        (Step::SentResponse, Value::Null)
    } else {
        (Step::Other, Value::Null)
    };
    lock_ignoring_poison(&state.steps).push((step, format!("{} {path} {body}", head.method)));
    state.changed.notify_all();
    let deadline = SystemTime::now() + Duration::from_secs(60);
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let response = Response::builder()
        .header("lambda-runtime-aws-request-id", REQUEST_ID)
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:face-detect",
        )
        .body(Full::from(function_response.to_string()));
    // All headers are valid, so building the response does not fail.
    Ok(response.unwrap_or_default())
}
