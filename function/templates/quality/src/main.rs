//! Sorts out photos that are blurred, too dark, too bright or too small, as an AWS Lambda function: it moves them.

use harness::{Answer, Photo, PhotoError, PhotoFunction, RuntimeError};
use opencv::core::{CMP_GT, CMP_LT, CV_16S, Mat, Scalar, Vector};
use opencv::core::{compare, count_non_zero, mean_def, mean_std_dev_def};
use opencv::imgproc::laplacian_def;
use opencv::prelude::*;
use serde::Serialize;

use crate::options::Options;

mod options;
#[cfg(test)]
mod tests;

fn main() -> Result<(), RuntimeError> {
    harness::run(|_| Ok(QualityFunction))
}

/// Grey levels, of 0 to 255.
const DARK: f64 = 16.0;
const BRIGHT: f64 = 239.0;

#[derive(Clone, Debug, Serialize)]
struct Quality {
    passed: bool,
    /// The variance of the Laplacian of grey levels.
    sharpness: f64,
    /// The mean grey level, from 0 to 255.
    exposure: f64,
    /// The parts of the photo that are nearly black and nearly white, from 0 to 1.
    dark: f64,
    bright: f64,
    /// Why the photo did not pass.
    reasons: Vec<&'static str>,
}

impl Answer for Quality {
    fn moves_photo(&self) -> bool {
        !self.passed
    }
}

struct QualityFunction;

impl PhotoFunction for QualityFunction {
    type Options = Options;
    type Answer = Quality;

    fn process(&mut self, photo: &Photo, options: &Options) -> Result<Quality, PhotoError> {
        let image = photo.image();
        let sharpness = rounded(sharpness(image)?, 10.0);
        let exposure = rounded(mean_def(image)?[0], 10.0);
        let dark = rounded(part(image, CMP_LT, DARK)?, 1000.0);
        let bright = rounded(part(image, CMP_GT, BRIGHT)?, 1000.0);
        let (width, height) = photo.size();
        let mut reasons = vec![
            (width.min(height) < options.min_side, "too_small"),
            (sharpness < options.min_sharpness, "blurred"),
            (dark > options.max_dark, "too_dark"),
            (bright > options.max_bright, "too_bright"),
        ];
        reasons.retain(|(applies, _)| *applies);
        Ok(Quality {
            passed: reasons.is_empty(),
            sharpness,
            exposure,
            dark,
            bright,
            reasons: reasons.into_iter().map(|(_, reason)| reason).collect(),
        })
    }
}

fn sharpness(image: &Mat) -> opencv::Result<f64> {
    let (mut edges, mut mean, mut deviation) = (Mat::default(), Vector::<f64>::new(), Vector::<f64>::new());
    laplacian_def(image, &mut edges, CV_16S)?;
    mean_std_dev_def(&edges, &mut mean, &mut deviation)?;
    Ok(deviation.get(0)?.powi(2))
}

/// The part of the pixels whose level compares with `level` like this.
fn part(image: &Mat, comparison: i32, level: f64) -> opencv::Result<f64> {
    let mut mask = Mat::default();
    compare(image, &Scalar::from(level), &mut mask, comparison)?;
    Ok(f64::from(count_non_zero(&mask)?) / image.total() as f64)
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
