//! The photos of an event: each is downloaded, scanned for faces, and its results are uploaded. Detection runs on
//! another thread, so other photos are downloaded and uploaded at the same time; one detection runs at a time, with all
//! processors.

mod photo_task;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::json;
use tokio::task::spawn_blocking;

pub use self::photo_task::PhotoTask;
use crate::deadline::Deadline;
use crate::detection_queue::DetectionQueue;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::memory_budget::{MemoryBudget, Reservation};
use crate::options::{DetectionOptions, Options, StorageConfig};
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{AnnotationOptions, Header, PhotoError, Refusal};
use crate::report::Report;
use crate::response::{self, Outcome, ProcessedPhoto, SkipReason};
use crate::sequencer::{Order, Sequencer};
use crate::storage::Storage;
use crate::vision::{DetectionTask, Detections, Detector};

/// One in download, one in detection, one in upload.
const MAX_CONCURRENT_PHOTOS: usize = 3;

pub struct Pipeline<'a, D> {
    pub detector: &'a Arc<D>,
    pub detection_queue: &'a Arc<DetectionQueue>,
    pub storage: &'a Storage,
    pub machine: &'a Machine,
    pub deadline: Deadline,
    pub report: &'a Report,
}

impl<D: Detector> Pipeline<'_, D> {
    pub async fn process_one(&self, task: PhotoTask) -> Result<ProcessedPhoto> {
        let mut results = self.process_all(vec![task], Order::Any).await;
        match results.pop() {
            Some(Ok(Outcome::Processed(found))) => Ok(found),
            Some(Err(error)) => Err(error),
            Some(Ok(Outcome::Skipped(_))) | None => Err(Error::NotTried),
        }
    }

    /// The results are in the order of `tasks`.
    pub async fn process_all(&self, tasks: Vec<PhotoTask>, order: Order) -> Vec<response::PhotoResult> {
        let sequencer = &Sequencer::new(order);
        let memory_budget = &MemoryBudget::new(self.machine.file_budget());
        let process = |index: usize, task: PhotoTask| async move {
            let mut reservation = memory_budget.reservation(index);
            let content = self.download(&task, &mut reservation).await;
            if !sequencer.wait(index).await {
                sequencer.complete(false);
                return Err(Error::NotTried);
            }
            let result = match content {
                Ok(content) => self.detect_and_upload(&task, content).await,
                Err(error) => Err(error),
            };
            sequencer.complete(result.is_ok());
            if let Err(error) = &result {
                self.report.photo_failed(task.url().as_deref(), error);
            }
            result
        };
        // Unordered, so that a slow photo does not delay the start of others.
        let results = stream::iter(tasks.into_iter().enumerate())
            .map(|(index, task)| process(index, task).map(move |result| (index, result)))
            .buffer_unordered(MAX_CONCURRENT_PHOTOS);
        let mut results: Vec<_> = results.collect().await;
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    pub async fn process_body(
        &self,
        photo: Bytes,
        options: &Arc<Options>,
        annotation: Option<AnnotationOptions>,
    ) -> Result<Detections> {
        let url = "the photo";
        let found = self.detect(photo, options, annotation, url).await;
        match &found {
            Ok((header, detections)) => self.report.photo_succeeded(url, header, detections, &[]),
            Err(error) => self.report.photo_failed(None, error),
        }
        found.map(|(_, detections)| detections)
    }

    /// The content of a task's object and the time of its download, or why it is skipped.
    async fn download(
        &self,
        task: &PhotoTask,
        reservation: &mut Reservation<'_>,
    ) -> Result<Result<(Bytes, Duration), SkipReason>> {
        let start = Instant::now();
        let object = task.object.as_ref().map_err(Clone::clone)?;
        let (output, storage_config) = (&task.options.output, &task.options.storage);
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let same_bucket = *bucket == object.bucket;
        // Before any request to either bucket.
        storage_config.check_bucket_allowed(&object.bucket)?;
        storage_config.check_bucket_allowed(bucket)?;
        if task.is_delete_marker {
            return Ok(Err(SkipReason::DeleteMarker));
        }
        if task.folder_guard && object.is_folder() {
            return Ok(Err(SkipReason::Folder));
        }
        if task.loop_guard && same_bucket && output.key_pattern.matches(&object.key) {
            return Ok(Err(SkipReason::OwnOutput));
        }
        let url = storage_config.url(&object.bucket, &object.key);
        if same_bucket && output.key_pattern.is_identity() {
            return Err(Error::InvalidOption(format!(
                "`output_bucket` is the photo's bucket and `output_key` is `{{key}}`, so {url} would be \
                 overwritten"
            )));
        }
        // Before the download, so that no work is in vain, and not one of two files is written.
        self.storage.check_names(storage_config, &object.bucket, &object.key)?;
        for key in output.keys(&object.key) {
            self.storage.check_names(storage_config, bucket, &key)?;
        }
        let read = async {
            let limit = task.options.limits.max_bytes;
            let found = self.storage.get(storage_config, object, limit, task.loop_guard);
            let Some(found) = found.await? else {
                return Ok(Err(SkipReason::OwnOutput));
            };
            // The wait for memory does not count as download time.
            let wait = Instant::now();
            reservation.acquire(found.size).await;
            let waited = wait.elapsed();
            let content = self.storage.download(storage_config, object, found).await?;
            Ok(Ok((content, start.elapsed().saturating_sub(waited))))
        };
        self.deadline.enforce("read", &url, read).await
    }

    async fn detect_and_upload(
        &self,
        task: &PhotoTask,
        content: Result<(Bytes, Duration), SkipReason>,
    ) -> response::PhotoResult {
        let object = task.object.as_ref().map_err(Clone::clone)?;
        let (output, storage_config) = (&task.options.output, &task.options.storage);
        let url = storage_config.url(&object.bucket, &object.key);
        let (content, download) = match content {
            Ok(content) => content,
            Err(reason) => {
                self.report.photo_skipped(&url, reason);
                return Ok(Outcome::Skipped(reason));
            }
        };
        let bytes = content.len();
        let annotation = output.files.includes_annotated().then_some(AnnotationOptions {
            quality: output.jpeg_quality,
            max_bytes: None,
        });
        let result = self.detect(content, &task.options, annotation, &url);
        let (header, detections) = result.await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let mut annotated = None;
        if let Some(Ok(file)) = &detections.annotated {
            let key = output.key_pattern.annotated_key(&object.key);
            let upload = self.upload(storage_config, bucket, &key, "image/jpeg", file.clone());
            annotated = Some(upload.await?);
        }
        let mut sidecar = None;
        if output.files.includes_sidecar() {
            let key = output.key_pattern.sidecar_key(&object.key);
            let document = json!({
                "photo": {
                    "bucket": object.bucket, "key": object.key, "versionId": object.version_id,
                    "bytes": bytes, "format": header.format,
                    "width": detections.width, "height": detections.height,
                },
                "faces": detections.faces,
                "options": task.options.detection,
            });
            let file = Bytes::from(document.to_string());
            let upload = self.upload(storage_config, bucket, &key, "application/json", file);
            sidecar = Some(upload.await?);
        }
        let transfer_times = [("download", download), ("upload", start.elapsed())];
        self.report.photo_succeeded(&url, &header, &detections, &transfer_times);
        Ok(Outcome::Processed(ProcessedPhoto {
            annotated,
            sidecar,
            ..detections.into()
        }))
    }

    /// Parses and scans a photo on another thread. Untrusted content is read only there, so that it can neither delay
    /// the response nor, with a panic, fail more than this photo.
    async fn detect(
        &self,
        content: Bytes,
        options: &Arc<Options>,
        annotation: Option<AnnotationOptions>,
        url: &str,
    ) -> Result<(Header, Detections)> {
        let (detector, options) = (Arc::clone(self.detector), Arc::clone(options));
        let machine = *self.machine;
        let limits = ResourceLimits {
            deadline: self.deadline.instant(),
            memory: machine.memory_bytes(),
        };
        let queued = self.detection_queue.enqueue();
        let started_at = queued.started_at();
        let run = move || {
            let (header, detection) = read_header(&content, &options, &machine).map_err(PhotoError::Refused)?;
            let task = DetectionTask {
                detection,
                annotation,
                limits,
            };
            let _guard = queued.start();
            let detections = detector.detect(&content, &header, &task)?;
            Ok((header, detections))
        };
        let work = async {
            match spawn_blocking(run).await {
                Ok(detections) => detections.map_err(|failure: PhotoError| failure.into_error(url)),
                Err(_) => Err(Error::OpenCvFailed(format!("it panicked on {url}"))),
            }
        };
        let result = self.deadline.enforce("detect faces in", url, work).await;
        if let Err(Error::OutOfTime { .. }) = result
            && let Some(start) = started_at.get()
            && let Some(time) = self.deadline.nearly_full_since(*start)
        {
            let url = url.to_owned();
            return Err(Error::PhotoTooSlow { photo: url, time });
        }
        result
    }

    async fn upload(
        &self,
        storage_config: &StorageConfig,
        bucket: &str,
        key: &str,
        kind: &'static str,
        file: Bytes,
    ) -> Result<String> {
        let url = storage_config.url(bucket, key);
        let write = self.storage.write(storage_config, bucket, key, kind, file);
        self.deadline.enforce("write", &url, write).await?;
        Ok(url)
    }
}

/// The header, if the photo may be decoded, and the detection options for a photo of its size.
fn read_header(content: &[u8], options: &Options, machine: &Machine) -> Result<(Header, DetectionOptions), Refusal> {
    let (bytes, limit) = (content.len() as u64, options.limits.max_bytes);
    if bytes > limit {
        return Err(Refusal::PhotoTooLarge { bytes, limit });
    }
    let header = Header::read(content)?;
    header.check_pixels(options.limits.max_pixels)?;
    let mut detection = options.detection.clone();
    if options.limits.work_bounded {
        detection = detection.with_bounded_cost(header.width, header.height);
    }
    machine.check_memory(&header, &detection)?;
    Ok((header, detection))
}

#[cfg(test)]
mod tests;
