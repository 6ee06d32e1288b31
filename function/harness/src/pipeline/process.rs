//! Processes a photo's content on another thread, until the deadline.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::Pipeline;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::options::{FunctionOptions, Options, variable};
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Header, PhotoError, Refusal};
use crate::picture::PictureRequest;
use crate::processor::{Processed, Processor, Task};
use crate::response::check_fields;

impl<P: Processor> Pipeline<'_, P> {
    /// Processes the photo on another thread. Untrusted content is read only there, so that it can neither delay the
    /// response nor, with a panic, fail more than this photo.
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
        let queued = self.processing_queue.enqueue();
        let started_at = queued.started_at();
        let operation = P::TEXTS.operation;
        let photo = url.to_owned();
        let run = move || {
            let fail = |failure: PhotoError| failure.into_error(operation, &photo);
            let read = read_header(&content, &options, &machine).map_err(PhotoError::Refused);
            let (header, options) = read.map_err(fail)?;
            let task = Task {
                options,
                pictures,
                limits,
            };
            let _guard = queued.start();
            let processed = processor.process(&content, &header, &task).map_err(fail)?;
            match check_fields(&processed) {
                Ok(()) => Ok((header, processed)),
                Err(reason) => Err(Error::InvalidAnswer { photo, reason }),
            }
        };
        let work = async {
            match spawn_blocking(run).await {
                Ok(done) => done,
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
