//! Says how bright a photo is, as an AWS Lambda function.

use harness::{Answer, Photo, PhotoError, PhotoFunction, RuntimeError};
use opencv::core::mean_def;
use serde::Serialize;

#[cfg(test)]
mod tests;

fn main() -> Result<(), RuntimeError> {
    harness::run(|_| Ok(BrightnessFunction))
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Brightness {
    /// The mean of all colours, from 0 to 255, rounded to one decimal.
    brightness: f64,
}

impl Answer for Brightness {}

struct BrightnessFunction;

impl PhotoFunction for BrightnessFunction {
    type Options = ();
    type Answer = Brightness;

    fn process(&mut self, photo: &Photo, _: &()) -> Result<Brightness, PhotoError> {
        let colours = mean_def(photo.image())?;
        let brightness = (colours[0] + colours[1] + colours[2]) / 3.0;
        Ok(Brightness {
            brightness: (brightness * 10.0).round() / 10.0,
        })
    }
}
