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
use crate::options::{Detection, Options, Place};
use crate::order::{Order, Turns};
use crate::photo::watch::Watch;
use crate::photo::{Failure, Header, Refusal};
use crate::report::Report;
use crate::request::Object;
use crate::room::{Guest, Room};
use crate::storage::Storage;
use crate::vision::{Seen, Task, Vision};

/// How many photos are under way at once: one that comes, one that is looked at, one that goes.
const AT_ONCE: usize = 3;

pub struct Pipeline<'a, V> {
    pub vision: &'a Arc<V>,
    pub looks: &'a Arc<Looks>,
    pub storage: &'a Storage,
    pub machine: &'a Machine,
    pub deadline: Deadline,
    pub report: &'a Report,
}

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

    fn url(&self) -> Option<String> {
        let Object { bucket, key, .. } = self.object.as_ref().ok()?;
        Some(self.options.storage.url(bucket, key))
    }
}

impl<V: Vision> Pipeline<'_, V> {
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
        let (output, place) = (&job.options.output, &job.options.storage);
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let into_here = *bucket == object.bucket;
        // Before anything is asked of either.
        place.permit(&object.bucket)?;
        place.permit(bucket)?;
        if job.guarded && into_here && output.key.makes(&object.key) {
            return Ok(None);
        }
        let url = place.url(&object.bucket, &object.key);
        if into_here && output.key.is_identity() {
            return Err(Error::InvalidOption(format!(
                "`output_bucket` is the photo's own and `output_key` is `{{key}}`, so {url} would be \
                 overwritten"
            )));
        }
        let read = async {
            let limit = job.options.limits.bytes;
            let found = self.storage.find(place, object, limit, job.guarded);
            let Some(found) = found.await? else {
                return Ok(None);
            };
            // Its turn is no part of how long it takes to come.
            let wait = Instant::now();
            guest.take(found.meta.size).await;
            let waited = wait.elapsed();
            let content = self.storage.content(place, object, found).await?;
            Ok(Some((content, start.elapsed().saturating_sub(waited))))
        };
        self.deadline.bound("read", &url, read).await
    }

    /// Looks at what was read and writes what was found.
    async fn finish(&self, job: &Job, content: Option<(Bytes, Duration)>) -> answer::Result {
        let object = job.object.as_ref().map_err(Clone::clone)?;
        let (output, place) = (&job.options.output, &job.options.storage);
        let of = place.url(&object.bucket, &object.key);
        let Some((content, download)) = content else {
            self.report.left_alone(&of);
            return Ok(Outcome::Own);
        };
        let bytes = content.len();
        let annotate = output.files.annotated().then_some(output.jpeg_quality);
        let looked = self.look(content, &job.options, annotate, &of);
        let (header, seen) = looked.await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let mut annotated = None;
        if let Some(Ok(file)) = &seen.annotated {
            let key = output.key.annotated(&object.key);
            let written = self.write(place, bucket, &key, "image/jpeg", file.clone());
            annotated = Some(written.await?);
        }
        let mut sidecar = None;
        if output.files.sidecar() {
            let key = output.key.sidecar(&object.key);
            let document = json!({
                "photo": {
                    "bucket": object.bucket, "key": object.key, "versionId": object.version,
                    "bytes": bytes, "format": header.format,
                    "width": seen.width, "height": seen.height,
                },
                "faces": seen.faces,
                "options": job.options.detection,
            });
            let file = Bytes::from(document.to_string());
            let written = self.write(place, bucket, &key, "application/json", file);
            sidecar = Some(written.await?);
        }
        let moved = [("download", download), ("upload", start.elapsed())];
        self.report.seen(&of, &header, &seen, &moved);
        Ok(Outcome::Found(Found {
            annotated,
            sidecar,
            ..seen.into()
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
        let machine = *self.machine;
        let watch = Watch {
            until: self.deadline.instant(),
            memory: machine.bytes(),
        };
        let look = self.looks.ask();
        let began = look.began();
        let looked = move || {
            let (header, detection) =
                header(&content, &options, &machine).map_err(Failure::Photo)?;
            let task = Task {
                detection,
                annotate,
                watch,
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
        if let Err(Error::OutOfTime { .. }) = result
            && let Some(since) = began.get()
            && let Some(time) = self.deadline.nearly_all(*since)
        {
            let of = of.to_owned();
            return Err(Error::PhotoTooSlow { of, time });
        }
        result
    }

    async fn write(
        &self,
        place: &Place,
        bucket: &str,
        key: &str,
        kind: &'static str,
        file: Bytes,
    ) -> Result<String> {
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
