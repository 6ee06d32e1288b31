//! OpenCV looks at photos, one at a time, with all threads that it has.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::detector::{DetectionTask, Detections, Detector, StepTimes};
use super::threads::OpenCvThreads;
use crate::error::Error;
use crate::faces::cascade_detector::CascadeDetector;
use crate::photo::decode::jpeg;
use crate::photo::pixels::{DecodeOptions, Photo};
use crate::photo::{Header, PhotoError};

pub struct OpenCvDetector(Mutex<DetectorState>);

struct DetectorState {
    cascades: CascadeDetector,
    threads: OpenCvThreads,
}

impl OpenCvDetector {
    /// Reads the cascades that the Python original had; with `preload_all` every other one as well, and
    /// otherwise each when it is first needed. OpenCV gets `threads` threads at most, or as many as there
    /// are processors.
    pub fn new(threads: Option<u32>, preload_all: bool) -> Result<Self, PhotoError> {
        Ok(Self(Mutex::new(DetectorState {
            cascades: CascadeDetector::new(preload_all)?,
            threads: OpenCvThreads::new(threads),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, DetectorState> {
        // Whoever panicked with it left cascades, which do not change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Detector for OpenCvDetector {
    fn prepare(&self) {
        // What fails does so again for the first photo, and is told there.
        let _ = self.lock().threads.adjust(0);
    }

    fn detect(
        &self,
        file: &[u8],
        header: &Header,
        task: &DetectionTask,
    ) -> Result<Detections, PhotoError> {
        let mut times = StepTimes::default();
        let mut state = self.lock();
        // Another photo, which could not be stopped, may have kept this one waiting.
        task.limits.check_time()?;
        state.threads.adjust(header.pixels())?;
        let start = Instant::now();
        let options = DecodeOptions {
            longest_side: task.detection.longest_side,
            annotate: task.annotation_quality.is_some(),
        };
        let photo = Photo::decode(file, header, options, task.limits)?;
        times.decode = start.elapsed();

        let start = Instant::now();
        let faces = state.cascades.detect(&photo, task)?;
        times.detect = start.elapsed();

        let start = Instant::now();
        let (width, height) = photo.size();
        let annotated = match task.annotation_quality {
            Some(_) if width.max(height) > jpeg::MAX_SIDE => Some(Err(Error::AnnotatedTooLarge {
                width,
                height,
                limit: jpeg::MAX_SIDE,
            })),
            Some(quality) => Some(Ok(photo.annotate(&faces, quality, task.limits)?)),
            None => None,
        };
        times.annotate = start.elapsed();
        Ok(Detections {
            width,
            height,
            faces,
            annotated,
            times,
        })
    }
}

impl From<opencv::Error> for PhotoError {
    fn from(error: opencv::Error) -> Self {
        Self::OpenCv(error.to_string())
    }
}

#[cfg(test)]
mod tests;
