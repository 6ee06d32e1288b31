//! How many threads OpenCV works with: one until the first large picture, all from then on. Its pool of threads
//! starts with the first work that is for several, and ends when OpenCV is told to have one again; so it is
//! never told that again.

use opencv::Result;
use opencv::core::set_num_threads;

/// Pixels from which on a picture is worth more threads. Starting one and handing work to it took 50 to 90
/// microseconds, in which one thread looks at 2,000 pixels; of this many it saves a third of a millisecond.
const WORTH: u64 = 16_384;

pub struct Threads {
    /// As many as there are processors without.
    most: Option<u32>,
    /// Whether it was to take all.
    all: Option<bool>,
}

impl Threads {
    pub fn new(most: Option<u32>) -> Self {
        Self { most, all: None }
    }

    pub fn ready(&mut self, pixels: u64) -> Result<()> {
        let all = pixels >= WORTH;
        if self.all.is_some_and(|told| told >= all) {
            return Ok(());
        }
        // Less than none is OpenCV's own number.
        let most = self
            .most
            .map_or(-1, |most| i32::try_from(most).unwrap_or(1));
        set_num_threads(if all { most } else { 1 })?;
        self.all = Some(all);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::get_num_threads;

    use super::*;
    use crate::vision;

    #[test]
    fn threads_come_with_the_first_large_picture_and_stay() {
        let _alone = vision::alone();
        let mut threads = Threads::new(Some(3));
        for (pixels, expected) in [(0, 1), (WORTH - 1, 1), (WORTH, 3), (0, 3)] {
            threads.ready(pixels).unwrap();
            assert_eq!(get_num_threads().unwrap(), expected, "{pixels}");
        }
        set_num_threads(-1).unwrap();
    }
}
