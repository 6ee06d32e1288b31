//! The number of OpenCV's threads: one until the first large image, all from then on. OpenCV's thread pool starts with
//! the first parallel work and ends when the number is set to one again, so it is never set back.

use opencv::Result;
use opencv::core::set_num_threads;

/// Pixels from which more threads are worthwhile. Starting one and handing work to it took 50 to 90 microseconds, in
/// which one thread scans 2,000 pixels; with this many pixels it saves a third of a millisecond.
const PARALLEL_MIN_PIXELS: u64 = 16_384;

pub struct OpenCvThreads {
    /// `None` for one per processor.
    limit: Option<u32>,
    /// The last setting: whether all threads are used.
    parallel: Option<bool>,
}

impl OpenCvThreads {
    pub fn new(limit: Option<u32>) -> Self {
        Self { limit, parallel: None }
    }

    pub fn adjust(&mut self, pixels: u64) -> Result<()> {
        let parallel = pixels >= PARALLEL_MIN_PIXELS;
        if self.parallel.is_some_and(|current| current >= parallel) {
            return Ok(());
        }
        // A negative number selects OpenCV's default.
        let limit = self.limit.map_or(-1, |limit| i32::try_from(limit).unwrap_or(1));
        set_num_threads(if parallel { limit } else { 1 })?;
        self.parallel = Some(parallel);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::get_num_threads;

    use super::*;

    #[test]
    fn all_threads_are_used_from_the_first_large_image_on() {
        let _guard = super::super::lock_opencv_globals();
        let mut threads = OpenCvThreads::new(Some(3));
        for (pixels, expected) in [(0, 1), (PARALLEL_MIN_PIXELS - 1, 1), (PARALLEL_MIN_PIXELS, 3), (0, 3)] {
            threads.adjust(pixels).unwrap();
            assert_eq!(get_num_threads().unwrap(), expected, "{pixels}");
        }
        set_num_threads(-1).unwrap();
    }
}
