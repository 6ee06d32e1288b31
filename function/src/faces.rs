//! Faces and their eyes in a grey picture, by OpenCV's cascades. The cascades are part of the
//! binary and are read once, when the process starts.

use opencv::core::{FileStorage, FileStorage_MEMORY, FileStorage_READ, Mat, Rect, Size, Vector};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use serde::Serialize;

use crate::error::Result;

const FACE: &str = include_str!(concat!(
    env!("OPENCV_SDK"),
    "/share/haarcascades/haarcascade_frontalface_default.xml"
));
const EYE: &str = include_str!(concat!(
    env!("OPENCV_SDK"),
    "/share/haarcascades/haarcascade_eye.xml"
));

/// How much smaller each picture of the pyramid is than the one before.
const SCALE: f64 = 1.1;
/// How many detections must lie on each other to count as a face.
const FACE_NEIGHBOURS: i32 = 4;
/// The same for an eye; OpenCV's default.
const EYE_NEIGHBOURS: i32 = 3;

/// A rectangle in pixels of the photo: left, top, width, height.
pub type Box = [i32; 4];

/// A face.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Face {
    /// Where it is.
    #[serde(rename = "box")]
    pub rectangle: Box,
    /// Where its eyes are.
    pub eyes: Vec<Box>,
}

/// Cascades that are ready.
pub struct Detector {
    face: CascadeClassifier,
    eye: CascadeClassifier,
}

impl Detector {
    /// Reads the cascades.
    pub fn new() -> Result<Self> {
        Ok(Self {
            face: cascade(FACE)?,
            eye: cascade(EYE)?,
        })
    }

    /// The frontal faces in `grey`, from left to right, each with its eyes.
    pub fn detect(&mut self, grey: &Mat) -> Result<Vec<Face>> {
        let mut faces = Vec::new();
        for rectangle in find(&mut self.face, grey, FACE_NEIGHBOURS)? {
            let region = Mat::roi(grey, rectangle)?;
            let eyes = find(&mut self.eye, &region, EYE_NEIGHBOURS)?;
            let mut eyes: Vec<_> = eyes
                .iter()
                .map(|eye| {
                    corners(Rect::new(
                        eye.x + rectangle.x,
                        eye.y + rectangle.y,
                        eye.width,
                        eye.height,
                    ))
                })
                .collect();
            eyes.sort_unstable();
            faces.push(Face {
                rectangle: corners(rectangle),
                eyes,
            });
        }
        // OpenCV's own order depends on which of its threads ends first.
        faces.sort_unstable();
        Ok(faces)
    }
}

fn find(
    cascade: &mut CascadeClassifier,
    grey: &impl opencv::core::ToInputArray,
    neighbours: i32,
) -> Result<Vector<Rect>> {
    let mut found = Vector::new();
    let any = Size::default();
    cascade.detect_multi_scale(grey, &mut found, SCALE, neighbours, 0, any, any)?;
    Ok(found)
}

fn corners(rectangle: Rect) -> Box {
    [rectangle.x, rectangle.y, rectangle.width, rectangle.height]
}

fn cascade(xml: &str) -> Result<CascadeClassifier> {
    let storage = FileStorage::new(xml, FileStorage_READ | FileStorage_MEMORY, "")?;
    let mut cascade = CascadeClassifier::default()?;
    if cascade.read(&storage.get_first_top_level_node()?)? {
        return Ok(cascade);
    }
    let reason = "a cascade of the binary cannot be read".to_owned();
    Err(opencv::Error::new(opencv::core::StsParseError, reason).into())
}
