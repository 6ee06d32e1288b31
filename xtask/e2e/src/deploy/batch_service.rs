//! A stand-in for what MiniStack lacks: S3 Batch Operations, and the tasks of SQS that move messages back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use serde_json::{Value, json};

use local::server::Server;
use support::sync::lock_ignoring_poison;

use super::batch_job::{Job, JobRequest};
use super::endpoint::Endpoint;

const JOBS: &str = "/v20180820/jobs";
/// The end of the name of a dead-letter queue.
const FAILED_SUFFIX: &str = "-failed";

pub struct BatchService {
    server: Server,
}

struct State {
    endpoint: Endpoint,
    /// By their IDs.
    jobs: Mutex<BTreeMap<String, Job>>,
    /// The IDs of jobs, by the tokens of their requests.
    tokens: Mutex<BTreeMap<String, String>>,
    moved: Mutex<Option<usize>>,
}

impl BatchService {
    /// `endpoint` is that of MiniStack.
    pub fn start(endpoint: Endpoint) -> Result<Self> {
        let state = Arc::new(State {
            endpoint,
            jobs: Mutex::default(),
            tokens: Mutex::default(),
            moved: Mutex::default(),
        });
        let server = Server::start("stand-in for S3 Batch Operations", move |_| {
            let state = Arc::clone(&state);
            service_fn(move |request| respond(Arc::clone(&state), request))
        })?;
        Ok(Self { server })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let target = target.unwrap_or_default().to_owned();
    let path = head.uri.path().to_owned();
    // Requests to MiniStack block.
    let response = thread::spawn(move || match target.strip_prefix("AmazonSQS.") {
        Some(operation) => state.move_messages(operation, &body),
        None => state.jobs(&path, &body),
    });
    let response = response.join().unwrap_or_else(|_| panicked());
    let (status, text) = match response {
        Ok(text) => (200, text),
        Err(error) => (
            400,
            format!("<Error><Code>BadRequest</Code><Message>{error:#}</Message></Error>"),
        ),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

fn panicked() -> Result<String> {
    bail!("the stand-in panicked")
}

impl State {
    fn jobs(self: &Arc<Self>, path: &str, body: &str) -> Result<String> {
        match path.strip_prefix(JOBS) {
            Some("") => self.create_job(body),
            Some(id) => {
                let jobs = lock_ignoring_poison(&self.jobs);
                let job = jobs.get(id.trim_start_matches('/'));
                Ok(job.with_context(|| format!("there is no job {id}"))?.to_xml())
            }
            None => bail!("an unknown request: {path}"),
        }
    }

    fn create_job(self: &Arc<Self>, body: &str) -> Result<String> {
        let request = JobRequest::parse(body)?;
        let mut tokens = lock_ignoring_poison(&self.tokens);
        let number = tokens.len();
        let mut is_new = false;
        let id = tokens.entry(request.token.clone()).or_insert_with(|| {
            is_new = true;
            format!("93735294-df46-44d5-8638-{number:012}")
        });
        if is_new {
            let job = request.job(id.clone());
            lock_ignoring_poison(&self.jobs).insert(id.clone(), job.clone());
            let state = Arc::clone(self);
            thread::spawn(move || {
                let update = |job: &Job| {
                    lock_ignoring_poison(&state.jobs).insert(job.id.clone(), job.clone());
                };
                request.run(&state.endpoint, job, update);
            });
        }
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <CreateJobResult xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><JobId>{id}</JobId>\
             </CreateJobResult>"
        ))
    }

    /// A task is finished when it has started.
    fn move_messages(&self, operation: &str, body: &str) -> Result<String> {
        let request: Value = serde_json::from_str(body)?;
        let arn = request["SourceArn"].as_str().context("the task has no queue")?;
        let response = match operation {
            "StartMessageMoveTask" => {
                let moved = self.move_all(arn.rsplit(':').next().unwrap_or_default())?;
                *lock_ignoring_poison(&self.moved) = Some(moved);
                json!({"TaskHandle": "task-1"})
            }
            "ListMessageMoveTasks" => {
                let moved = *lock_ignoring_poison(&self.moved);
                let task = moved.map(
                    |moved| json!({"Status": "COMPLETED", "SourceArn": arn, "ApproximateNumberOfMessagesMoved": moved}),
                );
                json!({"Results": task.into_iter().collect::<Vec<_>>()})
            }
            other => bail!("SQS has no {other} here"),
        };
        Ok(response.to_string())
    }

    fn move_all(&self, source: &str) -> Result<usize> {
        let target = source
            .strip_suffix(FAILED_SUFFIX)
            .context("it is not a dead-letter queue")?;
        self.endpoint.move_messages(source, target)
    }
}
