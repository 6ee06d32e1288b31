//! Detection and drawing.

use harness::{Photo, PhotoError, PhotoFunction, Picture, Startup, Texts};

use crate::answer::Faces;
use crate::drawing;
use crate::faces::detector::FaceDetector;
use crate::options::DetectionOptions;
use crate::texts::{PAGE, TEXTS};

pub struct FaceFunction(FaceDetector);

impl FaceFunction {
    /// Loads the models; all of them before a snapshot, otherwise those that most photos need.
    ///
    /// # Errors
    /// A model is damaged.
    pub fn load(startup: Startup) -> Result<Self, PhotoError> {
        Ok(Self(FaceDetector::new(startup.is_snapshot)?))
    }
}

impl PhotoFunction for FaceFunction {
    type Options = DetectionOptions;
    type Answer = Faces;

    const TEXTS: Texts = TEXTS;
    const PAGE: &'static str = PAGE;

    fn process(&mut self, photo: &Photo, options: &DetectionOptions) -> Result<Faces, PhotoError> {
        let faces = self.0.detect(photo, options)?;
        Ok(Faces { faces })
    }

    fn pictures(&mut self, photo: Photo, answer: &Faces, _: &DetectionOptions) -> Result<Vec<Picture>, PhotoError> {
        let mut canvas = photo.into_canvas()?;
        drawing::draw(&mut canvas, &answer.faces)?;
        Ok(vec![Picture::new("annotated", canvas)])
    }
}

#[cfg(test)]
mod tests;
