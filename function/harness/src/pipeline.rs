//! The photos of an event: each is downloaded and processed, and its results are uploaded. Photos are processed on
//! another thread, so others are downloaded and uploaded at the same time, also those of other events.

mod destination;
mod download;
mod photo_task;
mod process;
mod upload;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use self::photo_task::Download;
pub use self::photo_task::PhotoTask;
use crate::answer::Answer;
use crate::blocking_work::BlockingWork;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::memory_budget::MemoryBudget;
use crate::options::Options;
use crate::picture::{PictureFormat, PictureRequest};
use crate::processing_queue::ProcessingQueue;
use crate::processor::{Processed, Processor};
use crate::report::Report;
use crate::response::{Outcome, PhotoResult, ProcessedPhoto, SkipReason};
use crate::sequencer::{Order, Sequencer};
use crate::storage::Storage;

/// Of an event: one in download, one in processing, one in upload.
const MAX_CONCURRENT_PHOTOS: usize = 3;

pub struct Pipeline<'a, P> {
    pub processor: &'a Arc<P>,
    pub blocking_work: &'a BlockingWork,
    pub processing_queue: &'a ProcessingQueue,
    pub memory_budget: &'a MemoryBudget,
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
        let process = |(index, task): (usize, PhotoTask<P::Options>)| {
            // In the order of the tasks: a photo may wait for those before it, so they get their memory first.
            let mut reservation = self.memory_budget.reservation();
            async move {
                let download = self.download(&task, &mut reservation).await;
                if !sequencer.wait(index).await {
                    sequencer.complete(false);
                    return (index, Err(Error::NotTried));
                }
                let result = match download {
                    Ok(download) => self.process_and_upload(&task, download).await,
                    Err(error) => Err(error),
                };
                sequencer.complete(result.is_ok());
                if let Err(error) = &result {
                    self.report.photo_failed(task.url().as_deref(), error);
                }
                (index, result)
            }
        };
        // Unordered, so that a slow photo does not delay the start of others.
        let results = stream::iter(tasks.into_iter().enumerate())
            .map(process)
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

    async fn process_and_upload(
        &self,
        task: &PhotoTask<P::Options>,
        download: Result<Download, SkipReason>,
    ) -> PhotoResult<P::Answer> {
        let object = task.object.as_ref().map_err(Clone::clone)?;
        let (output, storage_config) = (&task.options.common.output, &task.options.common.storage);
        let url = storage_config.url(&object.bucket, &object.key);
        let download = match download {
            Ok(download) => download,
            Err(reason) => {
                self.report.photo_skipped(&url, reason);
                return Ok(Outcome::Skipped(reason));
            }
        };
        let pictures = output.files.includes_pictures().then(|| PictureRequest {
            format: P::PICTURE_FORMATS.first().copied().unwrap_or(PictureFormat::JPEG),
            quality: output.jpeg_quality,
            max_bytes: None,
        });
        // Only for a photo that may be moved: otherwise the content is dropped after decoding.
        let move_to = download.destination.map(|key| (key, download.content.clone()));
        let result = self.process(download.content, &task.options, pictures, &url);
        let (header, processed) = result.await?;

        let start = Instant::now();
        let bucket = output.bucket.as_ref().unwrap_or(&object.bucket);
        let pictures = self.upload_pictures(task, object, bucket, &processed.pictures).await?;
        let sidecar = self.upload_sidecar(task, object, bucket, (&header, &processed)).await?;
        let moved = match move_to.filter(|_| processed.answer.moves_photo()) {
            Some((key, content)) => {
                let photo = (content, &download.metadata);
                Some(self.move_photo(task, object, photo, &key).await?)
            }
            None => None,
        };
        let transfer_times = [("download", download.time), ("upload", start.elapsed())];
        self.report.photo_succeeded(&url, &header, &processed, &transfer_times);
        Ok(Outcome::Processed(ProcessedPhoto {
            pictures,
            sidecar,
            moved,
            ..processed.into()
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests;
