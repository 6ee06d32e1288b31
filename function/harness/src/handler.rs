//! Handles one event: parses it, runs the pipeline, and builds the response.

use std::env;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use self::http::HttpContext;
use crate::blocking_work::{Abandoned, BlockingWork};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::log::{self, Log};
use crate::machine::Machine;
use crate::memory_budget::MemoryBudget;
use crate::options::{EnvironmentOptions, FunctionOptions, Options, SetBy};
use crate::pipeline::{PhotoTask, Pipeline};
use crate::processing_queue::ProcessingQueue;
use crate::processor::Processor;
use crate::report::Report;
use crate::request::{BatchRequest, Event, ItemsRequest, PhotoRequest, PhotoRequests, Request, SqsRequest};
use crate::response::{self, ObjectResult, Response};
use crate::sequencer::Order;
use crate::storage::Storage;

mod http;

/// State that lives as long as the process.
pub struct Handler<P: Processor> {
    processor: Arc<P>,
    blocking_work: BlockingWork,
    processing_queue: ProcessingQueue,
    memory_budget: MemoryBudget,
    storage: Storage,
    environment_options: EnvironmentOptions<P::Options>,
    machine: Machine,
}

impl<P: Processor> Handler<P> {
    pub fn new(processor: P, environment_options: EnvironmentOptions<P::Options>, machine: Machine) -> Self {
        Self {
            processor: Arc::new(processor),
            blocking_work: BlockingWork::default(),
            processing_queue: ProcessingQueue::new(machine.photos_at_a_time(), machine.photo_megabytes()),
            memory_budget: MemoryBudget::new(machine.file_budget()),
            storage: Storage::default(),
            environment_options,
            machine,
        }
    }

    /// Does work in advance that the first event would have to wait for: connects to S3 and prepares the function.
    /// Errors are ignored: they recur for the event, which reports them.
    pub async fn prepare(&self, environment: impl Fn(&str) -> Option<String>) {
        let processor = Arc::clone(&self.processor);
        // A panic recurs for the event, too.
        let preparing = spawn_blocking(move || processor.prepare());
        self.connect(environment).await;
        let _ = preparing.await;
    }

    /// Opens a connection to S3. Before an event only `BUCKET_NAME` and the option `buckets` are known, but any bucket
    /// is sufficient: most buckets are path segments at the same endpoint.
    async fn connect(&self, environment: impl Fn(&str) -> Option<String>) {
        if let Ok(options) = self.default_options() {
            let config = &options.common.storage;
            let bucket = environment("BUCKET_NAME").filter(|name| !name.is_empty());
            let first_allowed = || config.allowed_buckets.as_ref()?.first().cloned();
            let bucket = bucket.or_else(first_allowed);
            let bucket = bucket.as_deref().unwrap_or("bucket");
            self.storage.connect(config, bucket).await;
        }
    }

    /// The photos that are still being processed after the response to their events. It is useless, and delays others.
    pub fn abandoned(&self) -> watch::Receiver<Abandoned> {
        self.blocking_work.abandoned()
    }

    /// Prepares the function, and drops connections and credentials, which would not survive the snapshot.
    pub fn before_snapshot(&self) {
        self.processor.prepare();
        self.storage.reset();
    }

    /// `request_id` is Lambda's. Errors of HTTP events become responses, because Lambda would turn them into status 502
    /// without details.
    pub async fn handle(&self, event: Event, request_id: String, deadline: Deadline) -> Result<Response<P::Answer>> {
        let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok();
        let report = Report::new::<P::Answer>(Log::new(request_id.clone(), level.as_deref()), P::TEXTS);
        let pipeline = Pipeline {
            processor: &self.processor,
            blocking_work: &self.blocking_work,
            processing_queue: &self.processing_queue,
            memory_budget: &self.memory_budget,
            storage: &self.storage,
            machine: &self.machine,
            deadline,
            report: &report,
        };
        let http = event.0.as_ref().ok().and_then(HttpContext::of);
        let response = log::for_request(request_id, catch_panic(self.respond(event, &pipeline))).await;
        let response = response.map(|response| match (response, &http) {
            (Response::Http(response), Some(http)) => {
                Response::Http(http.complete::<P>(response, &self.environment_options))
            }
            (response, _) => response,
        });
        let mut response = response.and_then(|response| response::limit_size(response, P::TEXTS.smaller_answer));
        if let Err(error) = &response {
            report.event_failed(0, error);
            if let Some(http) = http {
                response = Ok(Response::Http(http.error::<P>(error, &self.environment_options)));
            }
        }
        let namespace = self
            .environment_options
            .operator_option("metrics_namespace", |options| options.common.metrics_namespace);
        if let Some(namespace) = namespace.flatten() {
            let name = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
            report.metrics().write(&namespace, &name, P::TEXTS.time_metric);
        }
        response
    }

    async fn respond(&self, event: Event, pipeline: &Pipeline<'_, P>) -> Result<Response<P::Answer>> {
        match Request::parse(event.0?, |name| env::var(name).ok())? {
            Request::Direct { object, options } => {
                let options = self.options(P::Options::for_direct_events(), SetBy::Caller, &options)?;
                let photo = PhotoRequest {
                    is_direct: true,
                    ..object.into()
                };
                let processed = pipeline.process_one(PhotoTask::new(photo, options)).await?;
                Ok(Response::Direct(response::direct(processed)))
            }
            Request::Notification(photos) => {
                let response = self.handle_notification(photos, pipeline).await;
                response.map(Response::Notification)
            }
            Request::Sqs(sqs) => self.handle_sqs(sqs, pipeline).await.map(Response::Sqs),
            Request::Items(items) => self.handle_items(items, pipeline).await.map(Response::Items),
            Request::Batch(batch) => self.handle_batch(batch, pipeline).await.map(Response::Batch),
            Request::Http(http) => http::respond(*http, &self.environment_options, pipeline)
                .await
                .map(Response::Http),
        }
    }

    fn options(
        &self,
        defaults: P::Options,
        set_by: SetBy,
        event_options: &[(String, String)],
    ) -> Result<Arc<Options<P::Options>>> {
        self.environment_options
            .resolve(defaults, set_by, event_options)
            .map(Arc::new)
    }

    fn default_options(&self) -> Result<Arc<Options<P::Options>>> {
        self.options(P::Options::default(), SetBy::Caller, &[])
    }

    /// `options` are for photos that have none of their own.
    fn photo_task(&self, photo: Result<PhotoRequest>, options: &Arc<Options<P::Options>>) -> PhotoTask<P::Options> {
        let task = photo.and_then(|photo| {
            let defaults = if photo.is_direct {
                P::Options::for_direct_events()
            } else {
                P::Options::default()
            };
            let options = match &photo.options {
                Some(own) => self.options(defaults, SetBy::Caller, own)?,
                None => Arc::clone(options),
            };
            Ok(PhotoTask::new(photo, options))
        });
        task.unwrap_or_else(|error| PhotoTask::from_notification(Err(error), options))
    }

    async fn handle_notification(
        &self,
        photos: PhotoRequests,
        pipeline: &Pipeline<'_, P>,
    ) -> Result<response::NotificationResponse<P::Answer>> {
        let options = self.default_options()?;
        response::notification(self.process_photos(photos, &options, pipeline).await)
    }

    /// The photos with their results, in the same order.
    async fn process_photos(
        &self,
        photos: PhotoRequests,
        options: &Arc<Options<P::Options>>,
        pipeline: &Pipeline<'_, P>,
    ) -> Vec<ObjectResult<P::Answer>> {
        let object =
            |photo: &Result<PhotoRequest>| photo.as_ref().map(|photo| photo.object.clone()).map_err(Clone::clone);
        let objects: Vec<_> = photos.iter().map(object).collect();
        let tasks = photos.into_iter().map(|photo| self.photo_task(photo, options));
        let results = pipeline.process_all(tasks.collect(), Order::Any).await;
        objects.into_iter().zip(results).collect()
    }

    async fn handle_sqs(&self, sqs: SqsRequest, pipeline: &Pipeline<'_, P>) -> Result<response::SqsResponse> {
        let options = self.default_options()?;
        let mut photo_tasks = Vec::new();
        let mut messages = Vec::new();
        for message in sqs.messages {
            let first = photo_tasks.len();
            photo_tasks.extend(message.photos.into_iter().map(|photo| self.photo_task(photo, &options)));
            messages.push((message.id, first..photo_tasks.len()));
        }
        let order = if sqs.fifo { Order::Strict } else { Order::Any };
        let results = pipeline.process_all(photo_tasks, order).await;
        let messages = messages.into_iter();
        let succeeded = messages.map(|(id, photo_tasks)| (id, results[photo_tasks].iter().all(Result::is_ok)));
        Ok(response::sqs(sqs.fifo, succeeded))
    }

    /// # Errors
    /// The options are invalid, or the single item failed.
    async fn handle_items(
        &self,
        request: ItemsRequest,
        pipeline: &Pipeline<'_, P>,
    ) -> Result<response::ItemsResponse<P::Answer>> {
        let options = self.options(P::Options::default(), SetBy::Caller, &request.options?)?;
        let results = self.process_photos(request.items, &options, pipeline).await;
        response::items(request.is_batch, results)
    }

    /// # Errors
    /// The environment's options are invalid; those of the job only fail its tasks.
    async fn handle_batch(&self, batch: BatchRequest, pipeline: &Pipeline<'_, P>) -> Result<response::BatchResponse> {
        self.default_options()?;
        let options = batch.options;
        let options =
            options.and_then(|event_options| self.options(P::Options::default(), SetBy::Caller, &event_options));
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
}

async fn catch_panic<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let response = AssertUnwindSafe(work).catch_unwind().await;
    response.unwrap_or(Err(Error::InternalError))
}

#[cfg(test)]
mod tests;
