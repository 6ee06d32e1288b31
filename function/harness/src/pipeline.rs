//! The photos of an event: each is downloaded and processed, and its results are uploaded. Photos are processed on
//! another thread, so others are downloaded and uploaded at the same time; one is processed at a time, with all
//! processors.

mod photo_task;

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

pub use self::photo_task::PhotoTask;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorDetails, Result};
use crate::machine::Machine;
use crate::memory_budget::{MemoryBudget, Reservation};
use crate::options::{FunctionOptions, Options, OutputOptions, StorageConfig, variable};
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Header, PhotoError, Refusal};
use crate::picture::{PictureFile, PictureFormat, PictureRequest};
use crate::processing_queue::ProcessingQueue;
use crate::processor::{Processed, Processor, Task};
use crate::report::Report;
use crate::request::Object;
use crate::response::{Outcome, PhotoResult, Pictures, ProcessedPhoto, SkipReason};
use crate::sequencer::{Order, Sequencer};
use crate::storage::Storage;

/// One in download, one in processing, one in upload.
const MAX_CONCURRENT_PHOTOS: usize = 3;

pub struct Pipeline<'a, P> {
    pub processor: &'a Arc<P>,
    pub processing_queue: &'a Arc<ProcessingQueue>,
    pub storage: &'a Storage,
    pub machine: &'a Machine,
    pub deadline: Deadline,
    pub report: &'a Report,
}

impl<P: Processor> Pipeline<'_, P> {
    pub async fn process_one(&self, task: PhotoTask<P::Options>) -> Result<ProcessedPhoto<P::Answer>> {
        let mut results = self.process_all(vec![task], Order::Any).await;
        match results.pop() {
            Some(Ok(Outcome::Processed(found))) => Ok(found),
            Some(Err(error)) => Err(error),
            Some(Ok(Outcome::Skipped(_))) | None => Err(Error::NotTried),
        }
    }

    /// The results are in the order of `tasks`.
    pub async fn process_all(&self, tasks: Vec<PhotoTask<P::Options>>, order: Order) -> Vec<PhotoResult<P::Answer>> {
        let sequencer = &Sequencer::new(order);
        let memory_budget = &MemoryBudget::new(self.machine.file_budget());
        let process = |index: usize, task: PhotoTask<P::Options>| async move {
            let mut reservation = memory_budget.reservation(index);
            let content = self.download(&task, &mut reservation).await;
            if !sequencer.wait(index).await {
                sequencer.complete(false);
                return Err(Error::NotTried);
            }
            let result = match content {
                Ok(content) => self.process_and_upload(&task, content).await,
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
        options: &Arc<Options<P::Options>>,
        pictures: Option<PictureRequest>,
    ) -> Result<Processed<P::Answer>> {
        let url = "the photo";
        let done = self.process(photo, options, pictures, url).await;
        match &done {
            Ok((header, processed)) => self.report.photo_succeeded(url, header, processed, &[]),
            Err(error) => self.report.photo_failed(None, error),
        }
        done.map(|(_, processed)| processed)
    }

    /// The content of a task's object and the time of its download, or why it is skipped.
    async fn download(
        &self,
        task: &PhotoTask<P::Options>,
        reservation: &mut Reservation<'_>,
    ) -> Result<Result<(Bytes, Duration), SkipReason>> {
        let start = Instant::now();
        let object = task.object.as_ref().map_err(Clone::clone)?;
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
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
        for key in likely_keys::<P>(output, &object.key) {
            self.storage.check_names(storage_config, bucket, &key)?;
        }
        let read = async {
            let limit = task.options.common.limits.max_bytes;
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

    async fn process_and_upload(
        &self,
        task: &PhotoTask<P::Options>,
        content: Result<(Bytes, Duration), SkipReason>,
    ) -> PhotoResult<P::Answer> {
        let object = task.object.as_ref().map_err(Clone::clone)?;
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
        let url = storage_config.url(&object.bucket, &object.key);
        let (content, download) = match content {
            Ok(content) => content,
            Err(reason) => {
                self.report.photo_skipped(&url, reason);
                return Ok(Outcome::Skipped(reason));
            }
        };
        let bytes = content.len();
        let pictures = output.files.includes_pictures().then(|| PictureRequest {
            format: P::PICTURE_FORMATS.first().copied().unwrap_or(PictureFormat::JPEG),
            quality: output.jpeg_quality,
            max_bytes: None,
        });
        let result = self.process(content, &task.options, pictures, &url);
        let (header, mut processed) = result.await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let files = mem::take(&mut processed.pictures);
        let pictures = self.upload_pictures(task, object, bucket, &files).await?;
        let mut sidecar = None;
        if output.files.includes_sidecar() {
            let key = output.key_pattern.sidecar_key(&object.key);
            let mut document = json!({
                "photo": {
                    "bucket": object.bucket, "key": object.key, "versionId": object.version_id,
                    "bytes": bytes, "format": header.format,
                    "width": processed.width, "height": processed.height,
                },
                "options": task.options.own,
            });
            if let (Value::Object(document), Value::Object(answer)) = (&mut document, json!(processed.answer)) {
                document.extend(answer);
            }
            let file = Bytes::from(document.to_string());
            let upload = self.upload(storage_config, bucket, &key, "application/json", file);
            sidecar = Some(upload.await?);
        }
        let transfer_times = [("download", download), ("upload", start.elapsed())];
        processed.pictures = files;
        self.report.photo_succeeded(&url, &header, &processed, &transfer_times);
        Ok(Outcome::Processed(ProcessedPhoto {
            pictures,
            sidecar,
            ..processed.into()
        }))
    }

    /// The URLs of the pictures, or why they are missing.
    async fn upload_pictures(
        &self,
        task: &PhotoTask<P::Options>,
        object: &Object,
        bucket: &str,
        files: &[PictureFile],
    ) -> Result<Pictures> {
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
        let key = |file: &PictureFile| {
            let extension = file.format.extension;
            output.key_pattern.picture_key(&object.key, &file.name, extension)
        };
        let keys: Vec<_> = files.iter().map(key).collect();
        let duplicate = keys
            .iter()
            .enumerate()
            .find(|(index, key)| keys[..*index].contains(key));
        if let Some((_, key)) = duplicate {
            return Err(Error::InvalidOption(format!(
                "`output_key` is `{}`, so two pictures would have the key `{key}`; add `{{name}}`",
                output.key_pattern
            )));
        }
        let mut pictures = Pictures::default();
        for (file, key) in files.iter().zip(&keys) {
            let result = match &file.content {
                Ok(content) => {
                    let kind = file.format.content_type;
                    let upload = self.upload(storage_config, bucket, key, kind, content.clone());
                    Ok(upload.await?)
                }
                Err(error) => Err(ErrorDetails::from(error)),
            };
            pictures.0.push((file.name.clone(), result));
        }
        Ok(pictures)
    }

    /// Processes the photo on another thread. Untrusted content is read only there, so that it can neither delay the
    /// response nor, with a panic, fail more than this photo.
    async fn process(
        &self,
        content: Bytes,
        options: &Arc<Options<P::Options>>,
        pictures: Option<PictureRequest>,
        url: &str,
    ) -> Result<(Header, Processed<P::Answer>)> {
        let (processor, options) = (Arc::clone(self.processor), Arc::clone(options));
        let machine = *self.machine;
        let limits = ResourceLimits {
            deadline: self.deadline.instant(),
            memory: machine.memory_bytes(),
        };
        let queued = self.processing_queue.enqueue();
        let started_at = queued.started_at();
        let run = move || {
            let (header, options) = read_header(&content, &options, &machine).map_err(PhotoError::Refused)?;
            let task = Task {
                options,
                pictures,
                limits,
            };
            let _guard = queued.start();
            let processed = processor.process(&content, &header, &task)?;
            Ok((header, processed))
        };
        let operation = P::TEXTS.operation;
        let work = async {
            match spawn_blocking(run).await {
                Ok(done) => done.map_err(|failure: PhotoError| failure.into_error(operation, url)),
                Err(_) => Err(Error::OpenCvFailed(format!("it panicked on {url}"))),
            }
        };
        let result = self.deadline.enforce(operation, url, work).await;
        if let Err(Error::OutOfTime { .. }) = result
            && let Some(start) = started_at.get()
            && let Some(time) = self.deadline.nearly_full_since(*start)
        {
            return Err(Error::PhotoTooSlow {
                photo: url.to_owned(),
                time,
                activity: P::TEXTS.activity,
                work_option: P::Options::WORK_OPTION,
            });
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

/// The keys of the files that are written for a photo, as far as they are known before it is processed: with the name
/// and format of a typical picture.
fn likely_keys<P: Processor>(output: &OutputOptions, key: &str) -> impl Iterator<Item = String> {
    let extension = P::PICTURE_FORMATS.first().map_or("jpg", |format| format.extension);
    let picture = output
        .files
        .includes_pictures()
        .then(|| output.key_pattern.picture_key(key, "picture", extension));
    let sidecar = output
        .files
        .includes_sidecar()
        .then(|| output.key_pattern.sidecar_key(key));
    picture.into_iter().chain(sidecar)
}

/// The header, if the photo may be decoded, and the function's options for a photo of its size.
fn read_header<O: FunctionOptions>(
    content: &[u8],
    options: &Options<O>,
    machine: &Machine,
) -> Result<(Header, O), Refusal> {
    let limits = &options.common.limits;
    let (bytes, limit) = (content.len() as u64, limits.max_bytes);
    if bytes > limit {
        let variable = variable::<O>("max_bytes");
        return Err(Refusal::PhotoTooLarge { bytes, limit, variable });
    }
    let header = Header::read(content)?;
    header.check_pixels(limits.max_pixels, || variable::<O>("max_pixels"))?;
    let mut own = options.own.clone();
    if limits.work_bounded {
        own = own.with_bounded_work(header.width, header.height);
    }
    machine.check_memory(&header, &own)?;
    Ok((header, own))
}

#[cfg(test)]
mod tests;
