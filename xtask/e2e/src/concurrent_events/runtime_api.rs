//! Lambda's Runtime API for a function on Managed Instances: every request for an event gets the next one, and each
//! event has its own deadline. Source: AWS Lambda Developer Guide, "Using the Lambda runtime API".

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use local::server::Server;
use serde_json::Value;
use support::sync::lock_ignoring_poison;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub struct RuntimeApi {
    server: Server,
    events: UnboundedSender<Event>,
    state: Arc<State>,
}

struct Event {
    id: String,
    content: Value,
    deadline: SystemTime,
}

struct State {
    events: tokio::sync::Mutex<UnboundedReceiver<Event>>,
    answers: Mutex<Answers>,
    changed: Condvar,
}

#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// All answers to each event, by its ID.
    pub by_event: BTreeMap<String, Vec<Value>>,
    in_flight: usize,
    /// The maximum number of events without an answer.
    pub most_in_flight: usize,
}

impl RuntimeApi {
    pub fn start() -> Result<Self> {
        let (events, receiver) = unbounded_channel();
        let state = Arc::new(State {
            events: receiver.into(),
            answers: Mutex::default(),
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&state);
        let server = Server::start("Runtime API", move |_| {
            let state = Arc::clone(&shared);
            service_fn(move |request| respond(Arc::clone(&state), request))
        })?;
        Ok(Self { server, events, state })
    }

    /// `HOST:PORT`, the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.server.address.to_string()
    }

    pub fn send(&self, id: impl Into<String>, content: Value, time: Duration) -> Result<()> {
        let event = Event {
            id: id.into(),
            content,
            deadline: SystemTime::now() + time,
        };
        self.events.send(event).context("the server has ended")
    }

    /// Waits until `number` events have an answer.
    pub fn wait(&self, number: usize, timeout: Duration) -> Result<Answers> {
        let answers = lock_ignoring_poison(&self.state.answers);
        let missing = |answers: &mut Answers| answers.by_event.len() < number;
        let waited = self.state.changed.wait_timeout_while(answers, timeout, missing);
        let (answers, result) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(
            !result.timed_out(),
            "{} of {number} events were answered within {} s",
            answers.by_event.len(),
            timeout.as_secs()
        );
        Ok(answers.clone())
    }
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path().trim_start_matches("/2018-06-01/runtime/invocation/");
    if let Some(id) = path.strip_suffix("/response").or_else(|| path.strip_suffix("/error")) {
        let answer = serde_json::from_slice(&body).unwrap_or_default();
        let mut answers = lock_ignoring_poison(&state.answers);
        answers.by_event.entry(id.to_owned()).or_default().push(answer);
        answers.in_flight = answers.in_flight.saturating_sub(1);
        state.changed.notify_all();
        return Ok(Response::default());
    }
    let Some(event) = state.events.lock().await.recv().await else {
        return Ok(Response::default());
    };
    let mut answers = lock_ignoring_poison(&state.answers);
    answers.in_flight += 1;
    answers.most_in_flight = answers.most_in_flight.max(answers.in_flight);
    let deadline = event.deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let response = Response::builder()
        .header("lambda-runtime-aws-request-id", event.id)
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:face-detect",
        )
        .body(Full::from(event.content.to_string()));
    // All headers are valid, so building the response does not fail.
    Ok(response.unwrap_or_default())
}
