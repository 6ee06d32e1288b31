//! Measures how long a new process takes to decode its first photo and to detect in it with `balanced`, and how long
//! the same takes again. The difference is what the first photo pays for models and threads that were not used before.

use anyhow::Result;
use support::median::median;

use crate::balanced;
use crate::figures::{Group, Unit};
use crate::rig::{BUCKET, BenchRig, Implementation};

const TITLE: &str = "decoding and detection of `balanced` in a new process";

#[derive(Default)]
pub struct FirstDetection {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl FirstDetection {
    pub fn measure(&mut self, rig: &BenchRig) -> Result<()> {
        let photo = &rig.photos.small;
        let emulator = rig.start_function(Implementation::Ours)?;
        let mut log = rig.function_log(Implementation::Ours)?;
        for times in [&mut self.first, &mut self.second] {
            balanced::faces(&emulator, photo)?;
            times.push(log.next_detection_ms(&format!("s3://{BUCKET}/{}", photo.name))?);
        }
        Ok(())
    }

    pub fn group(&self) -> Group {
        let of = |times: &[f64]| [(Implementation::Ours.name(), median(times))];
        Group::new(TITLE, Unit::Milliseconds, None)
            .with_case("the first photo", &of(&self.first))
            .with_case("the same photo again", &of(&self.second))
    }
}
