//! The photos of an event: each read, looked at, and written. While one is looked at, others come
//! and go, because looking is the work of another thread; one looks at a time, with all processors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::answer::{self, Found, Outcome};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::looks::Looks;
use crate::machine::Machine;
use crate::options::{Detection, Options};
use crate::order::{Order, Turns};
use crate::photo::Failure;
use crate::photo::{Header, Refusal};
use crate::report::Report;
use crate::request::Object;
use crate::room::{Guest, Room};
use crate::storage::Storage;
use crate::vision::{Seen, Task, Vision};

/// How many photos are under way at once: one that comes, one that is looked at, one that goes.
const AT_ONCE: usize = 3;

/// What photos go through.
pub struct Pipeline<'a, V> {
    /// Looks at them.
    pub vision: &'a Arc<V>,
    /// The looks that are under way.
    pub looks: &'a Arc<Looks>,
    /// Where they are.
    pub storage: &'a Storage,
    /// What they must fit into.
    pub machine: &'a Machine,
    /// When they must be done.
    pub deadline: Deadline,
    /// What is told of them.
    pub report: &'a Report,
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

    /// The photo's address, if the event has one.
    fn url(&self) -> Option<String> {
        let Object { bucket, key, .. } = self.object.as_ref().ok()?;
        Some(self.options.storage.url(bucket, key))
    }
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
        let turns = &Turns::new(order);
        let room = &Room::new(self.machine.room());
        let work = |place: usize, job: Job| async move {
            let mut guest = room.enter(place);
            let content = self.read(&job, &mut guest).await;
            if !turns.come(place).await {
                turns.end(false);
                return Err(Error::NotTried);
            }
            let result = match content {
                Ok(content) => self.finish(&job, content).await,
                Err(error) => Err(error),
            };
            turns.end(result.is_ok());
            if let Err(error) = &result {
                self.report.failed(job.url().as_deref(), error);
            }
            result
        };
        // One that takes long does not keep others from starting.
        let results = stream::iter(jobs.into_iter().enumerate())
            .map(|(place, job)| work(place, job).map(move |result| (place, result)))
            .buffer_unordered(AT_ONCE);
        let mut results: Vec<_> = results.collect().await;
        results.sort_unstable_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// A photo that came with the event.
    pub async fn sent(
        &self,
        photo: Bytes,
        options: &Arc<Options>,
        annotate: Option<i32>,
    ) -> Result<Seen> {
        let of = "the photo";
        let found = self.look(photo, options, annotate, of).await;
        match &found {
            Ok((header, seen)) => self.report.seen(of, header, seen, &[]),
            Err(error) => self.report.failed(None, error),
        }
        found.map(|(_, seen)| seen)
    }

    /// The content of a job's object; `None` if this function wrote it.
    async fn read(&self, job: &Job, guest: &mut Guest<'_>) -> Result<Option<(Bytes, Duration)>> {
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
        // Before anything is asked of either.
        place.permit(&object.bucket)?;
        place.permit(output.bucket.as_ref().unwrap_or(&object.bucket))?;
        if job.guarded && into_here && output.key.makes(&object.key) {
            return Ok(None);
        }
        if into_here && output.key.is_identity() {
            return Err(Error::InvalidOption(format!(
                "`output_bucket` is the photo's own and `output_key` is `{{key}}`, so {} would be \
                 overwritten",
                place.url(&object.bucket, &object.key)
            )));
        }
        let url = place.url(&object.bucket, &object.key);
        let read = async {
            let found = self.storage.find(place, object, limits.bytes, job.guarded);
            let Some(found) = found.await? else {
                return Ok(None);
            };
            // Its turn is no part of how long it takes to come.
            let wait = Instant::now();
            guest.take(found.bytes()).await;
            let waited = wait.elapsed();
            let content = self.storage.content(place, object, found).await?;
            Ok(Some((content, start.elapsed().saturating_sub(waited))))
        };
        self.deadline.bound("read", &url, read).await
    }

    /// Looks at what was read and writes what was found.
    async fn finish(&self, job: &Job, content: Option<(Bytes, Duration)>) -> answer::Result {
        let object = job.object.as_ref().map_err(Clone::clone)?;
        let Some((content, download)) = content else {
            let url = job.options.storage.url(&object.bucket, &object.key);
            self.report.left_alone(&url);
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
        let annotate = output.files.annotated().then_some(output.jpeg_quality);
        let looked = self.look(content, &job.options, annotate, &of);
        let (header, seen) = looked.await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let annotated = match &seen.annotated {
            Some(Ok(file)) => {
                let file = file.clone();
                let key = output.key.annotated(&object.key);
                Some(
                    self.write(&job.options, bucket, &key, "image/jpeg", file)
                        .await?,
                )
            }
            Some(Err(_)) | None => None,
        };
        let annotated_error = seen.annotated_error();
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
            let file = Bytes::from(document.to_string());
            Some(
                self.write(&job.options, bucket, &key, "application/json", file)
                    .await?,
            )
        } else {
            None
        };
        let moved = [("download", download), ("upload", start.elapsed())];
        self.report.seen(&of, &header, &seen, &moved);
        Ok(Outcome::Found(Found {
            width: seen.width,
            height: seen.height,
            faces: seen.faces,
            annotated,
            annotated_error,
            sidecar,
        }))
    }

    /// Looks at a photo's content, on another thread. What comes from strangers is read there only, so that it can
    /// neither keep the answer from going out in time nor take more than this photo with it when something panics.
    async fn look(
        &self,
        content: Bytes,
        options: &Arc<Options>,
        annotate: Option<i32>,
        of: &str,
    ) -> Result<(Header, Seen)> {
        let (vision, options) = (Arc::clone(self.vision), Arc::clone(options));
        let (machine, until) = (*self.machine, self.deadline.instant());
        let look = self.looks.ask();
        let began = look.began();
        let looked = move || {
            let (header, detection) =
                header(&content, &options, &machine).map_err(Failure::Photo)?;
            let task = Task {
                detection,
                annotate,
                until,
                memory: machine.bytes(),
            };
            let _turn = look.begin();
            let seen = vision.look(&content, &header, &task)?;
            Ok((header, seen))
        };
        let work = async {
            match spawn_blocking(looked).await {
                Ok(seen) => seen.map_err(|failure: Failure| failure.of(of)),
                Err(_) => Err(Error::OpenCvFailed(format!("it panicked over {of}"))),
            }
        };
        let result = self.deadline.bound("look at", of, work).await;
        let since = began.get().copied();
        match (
            result,
            since.and_then(|since| self.deadline.nearly_all(since)),
        ) {
            (Err(Error::OutOfTime { .. }), Some(time)) => Err(Error::PhotoTooSlow {
                of: of.to_owned(),
                time,
            }),
            (result, _) => result,
        }
    }

    async fn write(
        &self,
        options: &Options,
        bucket: &str,
        key: &str,
        kind: &'static str,
        file: Bytes,
    ) -> Result<String> {
        let place = &options.storage;
        let url = place.url(bucket, key);
        let write = self.storage.write(place, bucket, key, kind, file);
        self.deadline.bound("write", &url, write).await?;
        Ok(url)
    }
}

/// What the content says of itself, if the photo may be decoded, and how to look at it.
fn header(
    content: &[u8],
    options: &Options,
    machine: &Machine,
) -> Result<(Header, Detection), Refusal> {
    let (bytes, limit) = (content.len() as u64, options.limits.bytes);
    if bytes > limit {
        return Err(Refusal::PhotoTooLarge { bytes, limit });
    }
    let header = Header::read(content)?;
    header.within(options.limits.pixels)?;
    let mut detection = options.detection.clone();
    if options.limits.bounded {
        detection = detection.bounded(header.width, header.height);
    }
    machine.holds(&header, &detection)?;
    Ok((header, detection))
}

#[cfg(test)]
mod tests;
