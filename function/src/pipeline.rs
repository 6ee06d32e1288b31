//! The photos of an event: each read, looked at, and written. While one is looked at, others come
//! and go, because looking is the work of another thread; one looks at a time, with all processors.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::answer::{self, Found, Outcome};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::log::{Level, Log, Metrics, milliseconds};
use crate::machine::Machine;
use crate::options::Options;
use crate::photo::{Header, Refusal};
use crate::request::Object;
use crate::storage::Storage;
use crate::vision::{Seen, Task, Vision};

/// How many photos are under way at once: one that comes, one that is looked at, one that goes.
const AT_ONCE: usize = 3;

/// What photos go through.
pub struct Pipeline<'a, V> {
    /// Looks at them.
    pub vision: &'a Arc<V>,
    /// Where they are.
    pub storage: &'a Storage,
    /// What they must fit into.
    pub machine: &'a Machine,
    /// When they must be done.
    pub deadline: Deadline,
    /// Where their lines go.
    pub log: &'a Log,
    /// What was done so far.
    pub metrics: Mutex<Metrics>,
}

/// A photo in the storage.
pub struct Job {
    object: Result<Object>,
    options: Arc<Options>,
    /// Whether the function's own output is left alone.
    guarded: bool,
}

impl Job {
    /// A photo that somebody asked for by its name: it is looked at whoever wrote it.
    pub fn asked(object: Object, options: Arc<Options>) -> Self {
        Self {
            object: Ok(object),
            options,
            guarded: false,
        }
    }

    /// A photo that an event told of, or what is wrong with the event.
    pub fn told(object: Result<Object>, options: &Arc<Options>) -> Self {
        Self {
            object,
            guarded: options.output.loop_guard,
            options: Arc::clone(options),
        }
    }
}

/// Whether photos may overtake one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// They may.
    Any,
    /// They may not, and after one that failed none is looked at.
    Strict,
}

/// Where a strict order stands: which photo is next, and whether one has failed.
#[derive(Clone, Copy, Default)]
struct Turn {
    next: usize,
    failed: bool,
}

impl<V: Vision> Pipeline<'_, V> {
    /// One photo, asked for by its name.
    pub async fn one(&self, job: Job) -> Result<Found> {
        let mut results = self.all(vec![job], Order::Any).await;
        match results.pop() {
            Some(Ok(Outcome::Found(found))) => Ok(found),
            Some(Err(error)) => Err(error),
            Some(Ok(Outcome::Own)) | None => Err(Error::NotTried),
        }
    }

    /// All photos; the results are in their order.
    pub async fn all(&self, jobs: Vec<Job>, order: Order) -> Vec<answer::Result> {
        let (turn, _) = watch::channel(Turn::default());
        let turn = &turn;
        let work = |(place, job): (usize, Job)| async move {
            let content = self.read(&job).await;
            if order == Order::Strict {
                let mut turns = turn.subscribe();
                // The sender lives as long as this.
                let now = turns.wait_for(|turn| turn.next == place).await;
                if now.is_ok_and(|turn| turn.failed) {
                    turn.send_modify(|turn| turn.next += 1);
                    return Err(Error::NotTried);
                }
            }
            let result = match content {
                Ok(content) => self.finish(&job, content).await,
                Err(error) => Err(error),
            };
            turn.send_modify(|turn| {
                turn.next += 1;
                turn.failed |= result.is_err();
            });
            if let Err(error) = &result {
                self.failed(&job, error);
            }
            result
        };
        stream::iter(jobs.into_iter().enumerate())
            .map(work)
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// A photo that came with the event.
    pub async fn sent(
        &self,
        photo: Bytes,
        options: &Options,
        annotate: Option<i32>,
    ) -> Result<Seen> {
        let of = "the photo";
        let found = async {
            let header = self.header(&photo, options, of)?;
            let task = Task {
                detection: options.detection.clone(),
                annotate,
            };
            let seen = self.look(photo, header, task, of).await?;
            Ok((header, seen))
        };
        let found = found.await;
        match &found {
            Ok((header, seen)) => self.seen(of, header, seen, &[]),
            Err(_) => self.count(|metrics| metrics.failures += 1),
        }
        found.map(|(_, seen)| seen)
    }

    /// The content of a job's object; `None` if this function wrote it.
    async fn read(&self, job: &Job) -> Result<Option<(Bytes, Duration)>> {
        let start = Instant::now();
        let object = job.object.as_ref().map_err(Clone::clone)?;
        let Options {
            output,
            limits,
            storage: place,
            ..
        } = &*job.options;
        let into_here = output
            .bucket
            .as_ref()
            .is_none_or(|bucket| *bucket == object.bucket);
        if job.guarded && into_here && output.key.makes(&object.key) {
            return Ok(None);
        }
        let url = place.url(&object.bucket, &object.key);
        let read = self.storage.read(place, object, limits.bytes);
        let found = self.deadline.bound("read", &url, read).await?;
        if job.guarded && found.ours {
            return Ok(None);
        }
        Ok(Some((found.bytes, start.elapsed())))
    }

    /// Looks at what was read and writes what was found.
    async fn finish(&self, job: &Job, content: Option<(Bytes, Duration)>) -> answer::Result {
        let object = job.object.as_ref().map_err(Clone::clone)?;
        let Some((content, download)) = content else {
            let url = job.options.storage.url(&object.bucket, &object.key);
            let fields = json!({"object": url});
            self.log
                .write(Level::Info, "left alone: this function wrote it", fields);
            return Ok(Outcome::Own);
        };
        let Options {
            detection,
            output,
            storage: place,
            ..
        } = &*job.options;
        let of = place.url(&object.bucket, &object.key);
        let bytes = content.len();
        let header = self.header(&content, &job.options, &of)?;
        let task = Task {
            detection: detection.clone(),
            annotate: output.files.annotated().then_some(output.jpeg_quality),
        };
        let mut seen = self.look(content, header, task, &of).await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let annotated = match seen.annotated.take() {
            Some(file) => {
                let key = output.key.annotated(&object.key);
                Some(
                    self.write(&job.options, bucket, &key, "image/jpeg", file)
                        .await?,
                )
            }
            None => None,
        };
        let sidecar = if output.files.sidecar() {
            let key = output.key.sidecar(&object.key);
            let document = json!({
                "photo": {
                    "bucket": object.bucket, "key": object.key, "versionId": object.version,
                    "bytes": bytes, "format": header.format,
                    "width": seen.width, "height": seen.height,
                },
                "faces": seen.faces,
                "options": detection,
            });
            let file = document.to_string().into_bytes();
            Some(
                self.write(&job.options, bucket, &key, "application/json", file)
                    .await?,
            )
        } else {
            None
        };
        let moved = [("download", download), ("upload", start.elapsed())];
        self.seen(&of, &header, &seen, &moved);
        Ok(Outcome::Found(Found {
            width: seen.width,
            height: seen.height,
            faces: seen.faces,
            annotated,
            sidecar,
        }))
    }

    /// What the content says of itself, if the photo may be decoded.
    fn header(&self, content: &[u8], options: &Options, of: &str) -> Result<Header> {
        let checked = || {
            let (bytes, limit) = (content.len() as u64, options.limits.bytes);
            if bytes > limit {
                return Err(Refusal::PhotoTooLarge { bytes, limit });
            }
            let header = Header::read(content)?;
            header.within(options.limits.pixels)?;
            self.machine.holds(&header, &options.detection)?;
            Ok(header)
        };
        checked().map_err(|refusal| Error::Photo {
            of: of.to_owned(),
            refusal,
        })
    }

    async fn look(&self, content: Bytes, header: Header, task: Task, of: &str) -> Result<Seen> {
        let vision = Arc::clone(self.vision);
        let work = async {
            let looked = spawn_blocking(move || vision.look(&content, &header, &task)).await;
            match looked {
                Ok(seen) => seen.map_err(|failure| failure.of(of)),
                Err(_) => Err(Error::OpenCvFailed(format!("it panicked over {of}"))),
            }
        };
        self.deadline.bound("look at", of, work).await
    }

    async fn write(
        &self,
        options: &Options,
        bucket: &str,
        key: &str,
        kind: &'static str,
        file: Vec<u8>,
    ) -> Result<String> {
        let place = &options.storage;
        let url = place.url(bucket, key);
        let write = self.storage.write(place, bucket, key, kind, file);
        self.deadline.bound("write", &url, write).await?;
        Ok(url)
    }

    /// Tells of a photo that went well.
    fn seen(&self, of: &str, header: &Header, seen: &Seen, moved: &[(&str, Duration)]) {
        let eyes = seen.faces.iter().map(|face| face.eyes.len()).sum::<usize>();
        self.count(|metrics| {
            metrics.photos += 1;
            metrics.faces += seen.faces.len();
            metrics.eyes += eyes;
            metrics.detect += seen.times.detect;
        });
        let looked = [
            ("decode", seen.times.decode),
            ("detect", seen.times.detect),
            ("annotate", seen.times.annotate),
        ];
        let times = moved.iter().chain(&looked);
        let times = times.map(|(step, time)| ((*step).to_owned(), milliseconds(*time)));
        let fields = json!({
            "object": of, "bytes": header.bytes, "format": header.format,
            "width": seen.width, "height": seen.height,
            "faces": seen.faces.len(), "eyes": eyes,
            "milliseconds": times.collect::<serde_json::Map<String, Value>>(),
        });
        self.log.write(Level::Info, "photo", fields);
    }

    /// Tells of a photo that failed.
    fn failed(&self, job: &Job, error: &Error) {
        self.count(|metrics| metrics.failures += 1);
        let object = job.object.as_ref().ok();
        let url = object.map(|object| job.options.storage.url(&object.bucket, &object.key));
        let fields = json!({
            "object": url, "errorType": error.name(), "error": error.to_string(),
            "temporary": error.is_temporary(),
        });
        self.log.write(Level::Error, "the photo failed", fields);
    }

    /// What was done.
    pub fn done(&self) -> Metrics {
        *self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, add: impl FnOnce(&mut Metrics)) {
        // Nothing panics with it.
        add(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
