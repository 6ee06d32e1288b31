//! How many threads OpenCV works with: one for small pictures, all from the first large one on. Its pool of
//! threads starts with the first work that is for several, and ends when it is told to have one again; so
//! it is never told that again, and keeps small pictures to one thread by itself once it has several.

use opencv::Result;
use opencv::core::set_num_threads;

/// Pixels from which on a picture is worth more threads. Starting one and handing work to it took 50 to 90
/// microseconds, in which one thread looks at 2,000 pixels; of this many it saves a third of a millisecond.
const WORTH: u64 = 16_384;

/// What OpenCV was told.
pub struct Threads {
    /// As many as there are processors without.
    most: Option<u32>,
    told: Told,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    One,
    All,
}

impl Threads {
    /// At most so many, or as many as there are processors.
    pub fn new(most: Option<u32>) -> Self {
        Self {
            most,
            told: Told::Nothing,
        }
    }

    /// Has them ready for a picture of so many pixels.
    pub fn ready(&mut self, pixels: u64) -> Result<()> {
        let tell = if pixels >= WORTH {
            Told::All
        } else {
            Told::One
        };
        if self.told == tell || self.told == Told::All {
            return Ok(());
        }
        // Less than none is OpenCV's own number.
        let most = self
            .most
            .map_or(-1, |most| i32::try_from(most).unwrap_or(1));
        set_num_threads(if tell == Told::All { most } else { 1 })?;
        self.told = tell;
        Ok(())
    }
}
