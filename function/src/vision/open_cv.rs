//! Detection with OpenCV, one photo at a time, with all of its threads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::detector::{DetectionTask, Detections, Detector, StepTimes};
use super::threads::OpenCvThreads;
use crate::error::Error;
use crate::faces::detector::FaceDetector;
use crate::photo::decode::jpeg;
use crate::photo::pixels::{DecodeOptions, Photo};
use crate::photo::{Header, PhotoError};

pub struct OpenCvDetector(Mutex<DetectorState>);

struct DetectorState {
    faces: FaceDetector,
    threads: OpenCvThreads,
}

impl OpenCvDetector {
    /// Loads the network and the cascades of the Python original; the other cascade too with `preload_all`, otherwise
    /// when first needed. OpenCV uses at most `threads` threads, by default one per processor.
    pub fn new(threads: Option<u32>, preload_all: bool) -> Result<Self, PhotoError> {
        Ok(Self(Mutex::new(DetectorState {
            faces: FaceDetector::new(preload_all)?,
            threads: OpenCvThreads::new(threads),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, DetectorState> {
        // A panic leaves the detectors usable: each detection overwrites what they keep from the previous photo.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Detector for OpenCvDetector {
    fn prepare(&self) {
        // A failure is repeated and reported for the first photo.
        let _ = self.lock().threads.adjust(0);
    }

    fn detect(&self, file: &[u8], header: &Header, task: &DetectionTask) -> Result<Detections, PhotoError> {
        let mut times = StepTimes::default();
        let mut state = self.lock();
        // An earlier photo that could not be stopped may have delayed this one.
        task.limits.check_time()?;
        state.threads.adjust(header.pixels())?;
        let start = Instant::now();
        let options = DecodeOptions {
            longest_side: task.detection.longest_side,
            channels: task.detection.detector.channels(),
            annotate: task.annotation.is_some(),
        };
        let photo = Photo::decode(file, header, options, task.limits)?;
        times.decode = start.elapsed();

        let start = Instant::now();
        let faces = state.faces.detect(&photo, task)?;
        times.detect = start.elapsed();

        let start = Instant::now();
        let (width, height) = photo.scaling().photo();
        let annotated = match task.annotation {
            Some(_) if width.max(height) > jpeg::MAX_SIDE => Some(Err(Error::AnnotatedTooLarge {
                width,
                height,
                limit: jpeg::MAX_SIDE,
            })),
            Some(annotation) => Some(Ok(photo.annotate(&faces, annotation)?)),
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
