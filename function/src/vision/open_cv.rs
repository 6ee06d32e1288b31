//! OpenCV looks at photos, one at a time, with all threads that it has.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{Failure, Seen, Task, Times, Vision};
use crate::faces::detector::Detector;
use crate::photo::Header;
use crate::photo::pixels::Photo;

/// OpenCV with its cascades.
pub struct OpenCv {
    detector: Mutex<Detector>,
}

impl OpenCv {
    /// Reads the cascades that the Python original had; with `all` every other one as well, and
    /// otherwise each when it is first needed. OpenCV gets `threads` threads, or as many as there
    /// are processors.
    pub fn new(threads: Option<u32>, all: bool) -> Result<Self, Failure> {
        if let Some(threads) = threads {
            let threads = i32::try_from(threads).unwrap_or(1);
            opencv::core::set_num_threads(threads)?;
        }
        Ok(Self {
            detector: Mutex::new(Detector::new(all)?),
        })
    }
}

impl Vision for OpenCv {
    fn look(&self, file: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        let mut times = Times::default();
        // Whoever panicked with the detector left cascades, which do not change.
        let mut detector = self.detector.lock().unwrap_or_else(PoisonError::into_inner);
        // Another photo, which could not be stopped, may have kept this one waiting.
        task.check()?;
        let start = Instant::now();
        let photo = Photo::decode(file, header)?;
        times.decode = start.elapsed();

        let start = Instant::now();
        let faces = detector.detect(&photo, task)?;
        times.detect = start.elapsed();

        let start = Instant::now();
        let (width, height) = photo.size();
        let annotated = match task.annotate {
            Some(quality) => Some(photo.annotate(&faces, quality)?),
            None => None,
        };
        times.annotate = start.elapsed();
        Ok(Seen {
            width,
            height,
            faces,
            annotated,
            times,
        })
    }
}

impl From<opencv::Error> for Failure {
    fn from(error: opencv::Error) -> Self {
        Self::OpenCv(error.to_string())
    }
}
