//! Blurs the faces in photos, as an AWS Lambda function.

use function::Faces;
use function::faces::BoundingBox;
use function::faces::detector::FaceDetector;
use function::options::DetectionOptions;
use harness::{Photo, PhotoError, PhotoFunction, Picture, RuntimeError, Startup, Texts};
use opencv::core::{Mat, Rect, Size};
use opencv::imgproc::{INTER_AREA, INTER_LINEAR, resize};
use opencv::prelude::*;

#[cfg(test)]
mod tests;

fn main() -> Result<(), RuntimeError> {
    harness::run(BlurFunction::load)
}

/// The pixels of a blurred face across and down: too few to recognize it.
const BLURRED_SIDE: i32 = 6;
/// What is blurred around a face's box on each side, as a part of the box: hair, ears and chin.
const MARGIN: f64 = 0.2;

struct BlurFunction(FaceDetector);

impl BlurFunction {
    fn load(startup: Startup) -> Result<Self, PhotoError> {
        Ok(Self(FaceDetector::new(startup.is_snapshot)?))
    }
}

impl PhotoFunction for BlurFunction {
    /// Those of the face function: `preset`, `score`, `min_face`, `longest_side` and others.
    type Options = DetectionOptions;
    type Answer = Faces;

    const TEXTS: Texts = Texts {
        operation: "blur faces in",
        picture_step: "blur",
        ..Texts::DEFAULT
    };

    fn process(&mut self, photo: &Photo, options: &DetectionOptions) -> Result<Faces, PhotoError> {
        let faces = self.0.detect(photo, options)?;
        Ok(Faces { faces })
    }

    fn pictures(&mut self, photo: Photo, answer: &Faces, _: &DetectionOptions) -> Result<Vec<Picture>, PhotoError> {
        let mut canvas = photo.into_canvas()?;
        for face in &answer.faces {
            blur(&mut canvas, face.rectangle)?;
        }
        Ok(vec![Picture::new("blurred", canvas)])
    }
}

fn blur(canvas: &mut Mat, [x, y, width, height]: BoundingBox) -> opencv::Result<()> {
    let margin = (f64::from(width.max(height)) * MARGIN) as i32;
    let wanted = Rect::new(x - margin, y - margin, width + 2 * margin, height + 2 * margin);
    let area = wanted & Rect::new(0, 0, canvas.cols(), canvas.rows());
    if area.empty() {
        return Ok(());
    }
    let mut face = Mat::roi_mut(canvas, area)?;
    let (few, mut small, mut blurred) = (Size::new(BLURRED_SIDE, BLURRED_SIDE), Mat::default(), Mat::default());
    resize(&face, &mut small, few, 0.0, 0.0, INTER_AREA)?;
    resize(&small, &mut blurred, area.size(), 0.0, 0.0, INTER_LINEAR)?;
    blurred.copy_to(&mut face)
}
