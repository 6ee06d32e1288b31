//! Processes a photo's content on another thread, until the deadline.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::Pipeline;
use crate::error::{Error, Result};
use crate::machine::{Machine, required_megabytes};
use crate::options::{FunctionOptions, Options, variable};
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Header, PhotoError, Refusal};
use crate::picture::PictureRequest;
use crate::processor::{Processed, Processor, Task};
use crate::response::check_fields;
use bytes::Bytes;

impl<P: Processor> Pipeline<'_, P> {
    /// Processes the photo on another thread, when it is its turn. Untrusted content is read only there, so that it can
    /// neither delay the response nor, with a panic, fail more than this photo.
    pub(super) async fn process(
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
        let operation = P::TEXTS.operation;
        let started_at = OnceLock::new();
        let work = async {
            let (file, photo) = (content.clone(), url.to_owned());
            let read = move || {
                let read = read_header(&file, &options, &machine).map_err(PhotoError::Refused);
                read.map_err(|failure| failure.into_error(operation, &photo))
            };
            let (header, options) = self.run_blocking(url, read).await?;
            // Without a thread: many photos may wait.
            let turn = self.processing_queue.turn(required_megabytes(&header, &options)).await;
            let turn = turn.map_err(|_| Error::InternalError)?;
            started_at.get_or_init(Instant::now);
            let photo = url.to_owned();
            let run = move || {
                let _turn = turn;
                let task = Task {
                    options,
                    pictures,
                    limits,
                };
                let processed = processor.process(&content, &header, &task);
                let processed = processed.map_err(|failure| failure.into_error(operation, &photo))?;
                match check_fields(&processed) {
                    Ok(()) => Ok((header, processed)),
                    Err(reason) => Err(Error::InvalidAnswer { photo, reason }),
                }
            };
            self.run_blocking(url, run).await
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

    async fn run_blocking<T: Send + 'static>(
        &self,
        url: &str,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.blocking_work.run(self.report.request_id(), work).await;
        done.unwrap_or_else(|_| Err(Error::OpenCvFailed(format!("it panicked on {url}"))))
    }
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
