//! Handles one event: parses it, runs the pipeline, and builds the response.

use std::env;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::http::Method;
use futures_util::FutureExt;
use tokio::task::spawn_blocking;

use aws_lambda_events::event::s3::batch_job::S3BatchJobResponse;
use aws_lambda_events::event::sqs::SqsBatchResponse;

use crate::deadline::Deadline;
use crate::detection_queue::DetectionQueue;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::machine::Machine;
use crate::options::{EnvironmentOptions, Options, Preset, SetBy};
use crate::pipeline::{PhotoTask, Pipeline};
use crate::report::Report;
use crate::request::{self, BatchRequest, Event, HttpRequest, Object, Request, ResponseFormat, SqsRequest};
use crate::response::{self, Response};
use crate::sequencer::Order;
use crate::storage::Storage;
use crate::truncate::truncate;
use crate::vision::Detector;

/// At least one of these is needed to find the S3 endpoint. Lambda sets the last two.
const ENDPOINT_VARIABLES: [&str; 4] = [
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];
/// Lambda sets one of these pairs: credentials, or their endpoint after a restore from a snapshot. Without them,
/// `object_store` would query the instance metadata service, which is not wanted before an event.
const CREDENTIAL_VARIABLES: [[&str; 2]; 2] = [
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ],
];

/// State that lives as long as the process.
pub struct Function<D> {
    detector: Arc<D>,
    detection_queue: Arc<DetectionQueue>,
    storage: Storage,
    environment_options: EnvironmentOptions,
    machine: Machine,
    /// Connections do not survive a snapshot, so none is opened before one.
    snapshot_pending: AtomicBool,
}

impl<D: Detector> Function<D> {
    pub fn new(detector: D, environment_options: EnvironmentOptions, machine: Machine) -> Self {
        Self {
            detector: Arc::new(detector),
            detection_queue: Arc::default(),
            storage: Storage::default(),
            environment_options,
            machine,
            snapshot_pending: AtomicBool::new(false),
        }
    }

    /// Does work in advance that the first event would have to wait for: connects to S3 and prepares the detector.
    /// Errors are ignored: they recur for the event, which reports them.
    pub async fn prepare(&self, environment: impl Fn(&str) -> Option<String>) {
        let detector = Arc::clone(&self.detector);
        // A panic recurs for the event, too.
        let preparing = spawn_blocking(move || detector.prepare());
        self.connect(environment).await;
        let _ = preparing.await;
    }

    /// Opens a connection to S3. Before an event only `BUCKET_NAME` and FACE_DETECT_BUCKETS are known, but any bucket
    /// is sufficient: buckets are path segments at the same endpoint.
    async fn connect(&self, environment: impl Fn(&str) -> Option<String>) {
        let is_set = |name: &&str| environment(name).is_some_and(|value| !value.is_empty());
        let options = self.environment_options.resolve(Preset::Original, SetBy::Anyone, &[]);
        if let Ok(options) = options
            && !self.snapshot_pending.load(Ordering::Relaxed)
            && ENDPOINT_VARIABLES.iter().any(is_set)
            && CREDENTIAL_VARIABLES.iter().any(|pair| pair.iter().all(is_set))
        {
            let config = &options.storage;
            let bucket = environment("BUCKET_NAME").filter(|name| !name.is_empty());
            let first_allowed = || config.allowed_buckets.as_ref()?.first().cloned();
            let bucket = bucket.or_else(first_allowed);
            let bucket = bucket.as_deref().unwrap_or("bucket");
            self.storage.connect(config, bucket).await;
        }
    }

    /// Whether a detection is still running. After the response it is useless, and would delay the next event.
    pub fn detection_running(&self) -> bool {
        self.detection_queue.is_busy()
    }

    /// Prepares the detector, and drops connections and credentials, which would not survive the snapshot.
    pub fn before_snapshot(&self) {
        self.snapshot_pending.store(true, Ordering::Relaxed);
        self.detector.prepare();
        self.storage.reset();
    }

    pub fn after_restore(&self) {
        self.snapshot_pending.store(false, Ordering::Relaxed);
    }

    /// `request_id` is Lambda's. Errors of HTTP events become responses, because Lambda would turn them into status 502
    /// without details.
    pub async fn handle(&self, event: Event, request_id: String, deadline: Deadline) -> Result<Response> {
        let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok();
        let report = Report::new(Log::new(request_id, level.as_deref()));
        let pipeline = Pipeline {
            detector: &self.detector,
            detection_queue: &self.detection_queue,
            storage: &self.storage,
            machine: &self.machine,
            deadline,
            report: &report,
        };
        let is_http = event.0.as_ref().is_ok_and(request::is_http);
        let response = catch_panic(self.respond(event, &pipeline)).await;
        let mut response = response.and_then(response::limit_size);
        if let Err(error) = &response {
            report.event_failed(0, error);
            if is_http {
                response = Ok(Response::Http(response::from_error(error)));
            }
        }
        // Only the operator can set the namespace, so it does not depend on the event.
        let options = self.environment_options.resolve(Preset::Original, SetBy::Anyone, &[]);
        if let Ok(Some(namespace)) = options.map(|options| options.metrics_namespace) {
            let name = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
            report.metrics().write(&namespace, &name);
        }
        response
    }

    async fn respond(&self, event: Event, pipeline: &Pipeline<'_, D>) -> Result<Response> {
        match Request::parse(event.0?, |name| env::var(name).ok())? {
            Request::Direct { object, options } => {
                let options = self.options(Preset::Original, SetBy::Caller, &options)?;
                let task = PhotoTask::requested(object, options);
                let processed = pipeline.process_one(task).await?;
                Ok(Response::Direct(response::direct(processed)))
            }
            Request::Notification(objects) => {
                let response = self.handle_notification(objects, pipeline).await;
                response.map(Response::Notification)
            }
            Request::Sqs(sqs) => self.handle_sqs(sqs, pipeline).await.map(Response::Sqs),
            Request::Batch(batch) => self.handle_batch(batch, pipeline).await.map(Response::Batch),
            Request::Http(http) => self.handle_http(*http, pipeline).await.map(Response::Http),
        }
    }

    fn options(&self, preset: Preset, set_by: SetBy, event_options: &[(String, String)]) -> Result<Arc<Options>> {
        self.environment_options
            .resolve(preset, set_by, event_options)
            .map(Arc::new)
    }

    fn default_options(&self) -> Result<Arc<Options>> {
        self.options(Preset::Balanced, SetBy::Caller, &[])
    }

    async fn handle_notification(
        &self,
        objects: Vec<Object>,
        pipeline: &Pipeline<'_, D>,
    ) -> Result<response::NotificationResponse> {
        let options = self.default_options()?;
        let task = |object: &Object| PhotoTask::from_notification(Ok(object.clone()), &options);
        let photo_tasks = objects.iter().map(task).collect();
        let results = pipeline.process_all(photo_tasks, Order::Any).await;
        response::notification(objects.into_iter().zip(results).collect())
    }

    async fn handle_sqs(&self, sqs: SqsRequest, pipeline: &Pipeline<'_, D>) -> Result<SqsBatchResponse> {
        let options = self.default_options()?;
        let mut photo_tasks = Vec::new();
        let mut messages = Vec::new();
        for message in sqs.messages {
            let first = photo_tasks.len();
            let objects: Vec<_> = match message.objects {
                Ok(objects) => objects.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            let task = |object| PhotoTask::from_notification(object, &options);
            photo_tasks.extend(objects.into_iter().map(task));
            messages.push((message.id, first..photo_tasks.len()));
        }
        let order = if sqs.fifo { Order::Strict } else { Order::Any };
        let results = pipeline.process_all(photo_tasks, order).await;
        let messages = messages.into_iter();
        let succeeded = messages.map(|(id, photo_tasks)| (id, results[photo_tasks].iter().all(Result::is_ok)));
        Ok(response::sqs(sqs.fifo, succeeded))
    }

    /// # Errors
    /// The environment's options are invalid; those of the job only fail its tasks.
    async fn handle_batch(&self, batch: BatchRequest, pipeline: &Pipeline<'_, D>) -> Result<S3BatchJobResponse> {
        self.default_options()?;
        let options = batch.options;
        let options = options.and_then(|event_options| self.options(Preset::Balanced, SetBy::Caller, &event_options));
        let ids: Vec<_> = batch.tasks.iter().map(|task| task.id.clone()).collect();
        let results = match options {
            Ok(options) => {
                let tasks = batch.tasks.into_iter();
                let photo_tasks = tasks
                    .map(|task| PhotoTask::from_notification(task.object, &options))
                    .collect();
                pipeline.process_all(photo_tasks, Order::Any).await
            }
            Err(error) => {
                pipeline.report.event_failed(ids.len(), &error);
                ids.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let tasks = ids.into_iter().zip(results);
        Ok(response::batch(batch.schema_version, batch.invocation_id, tasks))
    }

    async fn handle_http(&self, http: HttpRequest, pipeline: &Pipeline<'_, D>) -> Result<response::HttpResponse> {
        // Photos are accepted at any path, because an API can have any route; the page is only at the root.
        if http.method == Method::GET || http.method == Method::HEAD {
            if http.path == "/" || http.path.is_empty() {
                return Ok(response::html_page());
            }
            let path = truncate(&http.path, 200);
            let message = format!("`{path}` does not exist; the page is at `/`");
            return Ok(response::error_response(404, "NotFound", &message));
        }
        if http.method != Method::POST {
            let method = truncate(http.method.as_str(), 200);
            let message = format!("the method {method} is not allowed; POST a photo");
            return Ok(response::error_response(405, "MethodNotAllowed", &message));
        }
        self.handle_photo(http, pipeline).await
    }

    async fn handle_photo(&self, http: HttpRequest, pipeline: &Pipeline<'_, D>) -> Result<response::HttpResponse> {
        if http.response_format == ResponseFormat::NotAcceptable {
            let message = "the response to a photo can only be application/json or image/jpeg";
            return Ok(response::error_response(406, "NotAcceptable", message));
        }
        let options = self.options(Preset::Balanced, SetBy::Anyone, &http.options)?;
        let photo = http.body.photo().await?;
        let annotate = (http.response_format == ResponseFormat::Jpeg).then_some(options.output.jpeg_quality);
        let detections = pipeline.process_body(photo, &options, annotate).await?;
        match detections.annotated {
            Some(file) => response::annotated_jpeg(&file?, detections.faces.len()),
            None => Ok(response::json(&detections.into())),
        }
    }
}

async fn catch_panic(work: impl Future<Output = Result<Response>>) -> Result<Response> {
    let response = AssertUnwindSafe(work).catch_unwind().await;
    response.unwrap_or(Err(Error::InternalError))
}

#[cfg(test)]
mod tests;
