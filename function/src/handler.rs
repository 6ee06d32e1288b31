//! One event from its arrival to its answer.

use std::env;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::http::Method;
use futures_util::FutureExt;
use tokio::task::spawn_blocking;

use aws_lambda_events::event::s3::batch_job::S3BatchJobResponse;
use aws_lambda_events::event::sqs::SqsBatchResponse;

use crate::answer::{self, Answer};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::looks::Looks;
use crate::machine::Machine;
use crate::options::{Options, Preset, Settings, Who};
use crate::order::Order;
use crate::pipeline::{Job, Pipeline};
use crate::report::Report;
use crate::request::{self, Batch, Event, Http, Object, Request, Sqs, Wanted};
use crate::storage::Storage;
use crate::text::cut;
use crate::vision::Vision;

/// Variables of which one at least says where S3 is; Lambda sets the last two.
const ADDRESSES: [&str; 4] = [
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];
/// Variables of which Lambda sets one pair: credentials, or where it has them after a restore. Without, the
/// object store would ask the machine's metadata service, which nobody may want before an event.
const CREDENTIALS: [[&str; 2]; 2] = [
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ],
];

/// Everything that lives as long as the process.
pub struct Function<V> {
    vision: Arc<V>,
    looks: Arc<Looks>,
    storage: Storage,
    settings: Settings,
    machine: Machine,
    /// Whether a snapshot is to come, which no connection survives.
    leaving: AtomicBool,
}

impl<V: Vision> Function<V> {
    pub fn new(vision: V, settings: Settings, machine: Machine) -> Self {
        Self {
            vision: Arc::new(vision),
            looks: Arc::default(),
            storage: Storage::default(),
            settings,
            machine,
            leaving: AtomicBool::new(false),
        }
    }

    /// Does what the first event would have to wait for, as far as that is known before it comes:
    /// a connection to S3 is opened, and what looks at photos prepares itself. What fails is left to the
    /// event.
    pub async fn prepare(&self, environment: impl Fn(&str) -> Option<String>) {
        let vision = Arc::clone(&self.vision);
        // Whoever panics here does so again for the event, which can say so.
        let looking = spawn_blocking(move || vision.prepare());
        self.connect(environment).await;
        let _ = looking.await;
    }

    /// Opens a connection to S3. The buckets of the Python original and of the operator's list are the only ones that
    /// are known before an event; but buckets are parts of paths at one address, so that any will do.
    async fn connect(&self, environment: impl Fn(&str) -> Option<String>) {
        let set = |name: &&str| environment(name).is_some_and(|value| !value.is_empty());
        let options = self.settings.options(Preset::Original, Who::Anyone, &[]);
        if let Ok(options) = options
            && !self.leaving.load(Ordering::Relaxed)
            && ADDRESSES.iter().any(set)
            && CREDENTIALS.iter().any(|pair| pair.iter().all(set))
        {
            let place = &options.storage;
            let bucket = environment("BUCKET_NAME").filter(|name| !name.is_empty());
            let listed = || place.buckets.as_ref()?.first().cloned();
            let bucket = bucket.or_else(listed);
            let bucket = bucket.as_deref().unwrap_or("bucket");
            self.storage.connect(place, bucket).await;
        }
    }

    /// Whether a look goes on. After the answer nobody waits for it, and the next event would wait for its end.
    pub fn looks_on(&self) -> bool {
        self.looks.go_on()
    }

    /// Prepares what survives a snapshot and drops what would not.
    pub fn before_snapshot(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.vision.prepare();
        self.storage.forget();
    }

    pub fn after_restore(&self) {
        self.leaving.store(false, Ordering::Relaxed);
    }

    /// Answers an event, for which `request` is Lambda's name. What came over HTTP is answered whatever happens: Lambda
    /// would make a bare 502 of an error.
    pub async fn handle(
        &self,
        event: Event,
        request: String,
        deadline: Deadline,
    ) -> Result<Answer> {
        let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok();
        let report = Report::new(Log::new(request, level.as_deref()));
        let pipeline = Pipeline {
            vision: &self.vision,
            looks: &self.looks,
            storage: &self.storage,
            machine: &self.machine,
            deadline,
            report: &report,
        };
        let over_http = event.0.as_ref().is_ok_and(request::is_http);
        let answer = guarded(self.answer(event, &pipeline)).await;
        let mut answer = answer.and_then(answer::fitting);
        if let Err(error) = &answer {
            report.refused(0, error);
            if over_http {
                answer = Ok(Answer::Http(answer::failed(error)));
            }
        }
        // The name space is the operator's, so it is the same whatever the event says.
        let options = self.settings.options(Preset::Original, Who::Anyone, &[]);
        if let Ok(Some(namespace)) = options.map(|options| options.metrics_namespace) {
            let name = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
            report.metrics().write(&namespace, &name);
        }
        answer
    }

    async fn answer(&self, event: Event, pipeline: &Pipeline<'_, V>) -> Result<Answer> {
        match Request::parse(event.0?, |name| env::var(name).ok())? {
            Request::Direct { object, options } => {
                let options = self.options(Preset::Original, Who::Caller, &options)?;
                let job = Job::asked(object, options);
                let found = pipeline.one(job).await?;
                Ok(Answer::Direct(answer::direct(found)))
            }
            Request::Notification(objects) => {
                let answer = self.notification(objects, pipeline).await;
                answer.map(Answer::Notification)
            }
            Request::Sqs(sqs) => self.sqs(sqs, pipeline).await.map(Answer::Sqs),
            Request::Batch(batch) => self.batch(batch, pipeline).await.map(Answer::Batch),
            Request::Http(http) => self.http(*http, pipeline).await.map(Answer::Http),
        }
    }

    fn options(
        &self,
        preset: Preset,
        who: Who,
        named: &[(String, String)],
    ) -> Result<Arc<Options>> {
        self.settings.options(preset, who, named).map(Arc::new)
    }

    fn defaults(&self) -> Result<Arc<Options>> {
        self.options(Preset::Balanced, Who::Caller, &[])
    }

    async fn notification(
        &self,
        objects: Vec<Object>,
        pipeline: &Pipeline<'_, V>,
    ) -> Result<answer::Notification> {
        let options = self.defaults()?;
        let job = |object: &Object| Job::told(Ok(object.clone()), &options);
        let jobs = objects.iter().map(job).collect();
        let results = pipeline.all(jobs, Order::Any).await;
        answer::notification(objects.into_iter().zip(results).collect())
    }

    async fn sqs(&self, sqs: Sqs, pipeline: &Pipeline<'_, V>) -> Result<SqsBatchResponse> {
        let options = self.defaults()?;
        let mut jobs = Vec::new();
        let mut messages = Vec::new();
        for message in sqs.messages {
            let first = jobs.len();
            let objects: Vec<_> = match message.objects {
                Ok(objects) => objects.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            let told = |object| Job::told(object, &options);
            jobs.extend(objects.into_iter().map(told));
            messages.push((message.id, first..jobs.len()));
        }
        let order = if sqs.fifo { Order::Strict } else { Order::Any };
        let results = pipeline.all(jobs, order).await;
        let messages = messages.into_iter();
        let done = messages.map(|(id, jobs)| (id, results[jobs].iter().all(Result::is_ok)));
        Ok(answer::sqs(sqs.fifo, done))
    }

    /// # Errors
    /// The environment's options are wrong: that is no fault of the job's.
    async fn batch(&self, batch: Batch, pipeline: &Pipeline<'_, V>) -> Result<S3BatchJobResponse> {
        self.defaults()?;
        let options = batch.options;
        let options = options.and_then(|named| self.options(Preset::Balanced, Who::Caller, &named));
        let ids: Vec<_> = batch.tasks.iter().map(|task| task.id.clone()).collect();
        let results = match options {
            Ok(options) => {
                let tasks = batch.tasks.into_iter();
                let jobs = tasks.map(|task| Job::told(task.object, &options)).collect();
                pipeline.all(jobs, Order::Any).await
            }
            Err(error) => {
                pipeline.report.refused(ids.len(), &error);
                ids.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let tasks = ids.into_iter().zip(results);
        Ok(answer::batch(batch.schema, batch.invocation, tasks))
    }

    async fn http(&self, http: Http, pipeline: &Pipeline<'_, V>) -> Result<answer::Http> {
        // Whatever route an API has for photos, the function is behind it; the page is at the root.
        if http.method == Method::GET || http.method == Method::HEAD {
            if http.path == "/" || http.path.is_empty() {
                return Ok(answer::page());
            }
            let path = cut(&http.path, 200);
            let message = format!("there is nothing at `{path}`; the page is at `/`");
            return Ok(answer::refused(404, "NotFound", &message));
        }
        if http.method != Method::POST {
            let method = cut(http.method.as_str(), 200);
            let message = format!("{method} is not understood; POST a photo");
            return Ok(answer::refused(405, "MethodNotAllowed", &message));
        }
        self.photo(http, pipeline).await
    }

    async fn photo(&self, http: Http, pipeline: &Pipeline<'_, V>) -> Result<answer::Http> {
        if http.wanted == Wanted::Neither {
            let message = "only application/json and image/jpeg can be answered to a photo";
            return Ok(answer::refused(406, "NotAcceptable", message));
        }
        let options = self.options(Preset::Balanced, Who::Anyone, &http.options)?;
        let photo = http.body.photo().await?;
        let annotate = (http.wanted == Wanted::Jpeg).then_some(options.output.jpeg_quality);
        let seen = pipeline.sent(photo, &options, annotate).await?;
        match seen.annotated {
            Some(file) => answer::file(&file?, seen.faces.len()),
            None => Ok(answer::json(&seen.into())),
        }
    }
}

/// A panic as an error with a name.
async fn guarded(answer: impl Future<Output = Result<Answer>>) -> Result<Answer> {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or(Err(Error::InternalError))
}

#[cfg(test)]
mod tests;
