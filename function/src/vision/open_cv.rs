//! OpenCV looks at photos, one at a time, with all threads that it has.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::task::{Seen, Task, Times, Vision};
use super::threads::Threads;
use crate::error::Error;
use crate::faces::detector::Detector;
use crate::photo::decode::jpeg;
use crate::photo::pixels::{Photo, Purpose};
use crate::photo::{Failure, Header};

pub struct OpenCv(Mutex<Eyes>);

struct Eyes {
    detector: Detector,
    threads: Threads,
}

impl OpenCv {
    /// Reads the cascades that the Python original had; with `all` every other one as well, and
    /// otherwise each when it is first needed. OpenCV gets `threads` threads at most, or as many as there
    /// are processors.
    pub fn new(threads: Option<u32>, all: bool) -> Result<Self, Failure> {
        Ok(Self(Mutex::new(Eyes {
            detector: Detector::new(all)?,
            threads: Threads::new(threads),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Eyes> {
        // Whoever panicked with it left cascades, which do not change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vision for OpenCv {
    fn prepare(&self) {
        // What fails does so again for the first photo, and is told there.
        let _ = self.lock().threads.ready(0);
    }

    fn look(&self, file: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        let mut times = Times::default();
        let mut eyes = self.lock();
        // Another photo, which could not be stopped, may have kept this one waiting.
        task.watch.time()?;
        eyes.threads.ready(header.pixels())?;
        let start = Instant::now();
        let purpose = Purpose {
            longest_side: task.detection.longest_side,
            annotate: task.annotate.is_some(),
        };
        let photo = Photo::decode(file, header, purpose, task.watch)?;
        times.decode = start.elapsed();

        let start = Instant::now();
        let faces = eyes.detector.detect(&photo, task)?;
        times.detect = start.elapsed();

        let start = Instant::now();
        let (width, height) = photo.size();
        let annotated = match task.annotate {
            Some(_) if width.max(height) > jpeg::LONGEST => Some(Err(Error::AnnotatedTooLarge {
                width,
                height,
                limit: jpeg::LONGEST,
            })),
            Some(quality) => Some(Ok(photo.annotate(&faces, quality, task.watch)?)),
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

#[cfg(test)]
mod tests;
