//! Downloads a task's photo, if it is to be processed, and checks that its output can be written.

use std::time::Instant;

use super::Pipeline;
use super::photo_task::{Download, PhotoTask};
use crate::error::{Error, Result};
use crate::memory_budget::Reservation;
use crate::options::{FunctionOptions, OutputOptions};
use crate::processor::Processor;
use crate::response::SkipReason;

impl<P: Processor> Pipeline<'_, P> {
    /// A task's object, or why it is skipped.
    pub(super) async fn download(
        &self,
        task: &PhotoTask<P::Options>,
        reservation: &mut Reservation<'_>,
    ) -> Result<Result<Download, SkipReason>> {
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
        if !task.is_direct && object.is_folder() {
            return Ok(Err(SkipReason::Folder));
        }
        // Before keys are compared with patterns: a direct event may have a key of megabytes.
        self.storage.check_names(storage_config, &object.bucket, &object.key)?;
        if task.loop_guard && same_bucket && output.key_pattern.matches(&object.key) {
            return Ok(Err(SkipReason::OwnOutput));
        }
        let destination = self.destination_key(task, object)?;
        let is_moved = destination.is_none() && task.options.own.destination().is_some();
        if task.loop_guard && is_moved {
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
        for key in likely_keys::<P>(output, &object.key) {
            self.storage.check_names(storage_config, bucket, &key)?;
        }
        let read = async {
            let limit = task.options.common.limits.max_bytes;
            let found = self.storage.get(storage_config, object, limit, task.loop_guard).await;
            let found = match (found, &destination) {
                (Ok(Some(found)), _) => found,
                (Ok(None), _) => return Ok(Err(SkipReason::OwnOutput)),
                // S3 may notify several times, and Lambda repeats an event if one of its photos failed.
                (Err(Error::ObjectNotFound(url)), Some(key)) if !task.is_direct => {
                    let moved = self.storage.has_moved_object(storage_config, &object.bucket, key);
                    return match moved.await? {
                        true => Ok(Err(SkipReason::Moved)),
                        false => Err(Error::ObjectNotFound(url)),
                    };
                }
                (Err(error), _) => return Err(error),
            };
            // The wait for memory does not count as download time.
            let wait = Instant::now();
            reservation.acquire(found.size).await;
            let waited = wait.elapsed();
            let metadata = found.metadata();
            let content = self.storage.download(storage_config, object, found).await?;
            Ok(Ok(Download {
                content,
                metadata,
                destination,
                time: start.elapsed().saturating_sub(waited),
            }))
        };
        self.deadline.enforce("read", &url, read).await
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
