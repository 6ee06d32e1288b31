//! Detects faces and their eyes with the cascades of the Python original.

use opencv::Result;
use opencv::core::{Mat, Rect, Size, ToInputArray, Vector};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;

use super::cost::EYE_SCALE_FACTOR;
use super::{Face, packed};
use crate::options::{CascadeOptions, DetectionOptions, EyeCascade};
use harness::photo::PhotoError;
use harness::photo::pixels::Photo;
use harness::photo::resource_limits::ResourceLimits;

/// Pixels of a face above which the classifier for eyes with glasses is dropped after use: OpenCV's own detector keeps
/// the pyramid of the largest image that it has scanned, here 12 MB.
const LARGE_FACE_PIXELS: usize = 200_000;

pub struct CascadeDetector {
    faces: CascadeClassifier,
    eyes: CascadeClassifier,
    eyes_with_glasses: Option<CascadeClassifier>,
}

impl CascadeDetector {
    pub fn new(preload_all: bool) -> Result<Self> {
        Ok(Self {
            faces: packed::frontal_faces()?,
            eyes: packed::eyes()?,
            eyes_with_glasses: preload_all.then(packed::eyes_with_glasses).transpose()?,
        })
    }

    /// The faces in `photo`, in any order.
    ///
    /// # Errors
    /// The deadline has passed, or OpenCV failed.
    pub fn detect(
        &mut self,
        photo: &Photo,
        detection: &DetectionOptions,
        options: &CascadeOptions,
        limits: ResourceLimits,
    ) -> Result<Vec<Face>, PhotoError> {
        let (image, scaling) = (photo.image(), photo.scaling());
        let (min, max) = window_sides(detection, scaling.factor());
        let (factor, neighbours) = (options.scale_factor, options.face_neighbours);
        let boxes = detect_boxes(&mut self.faces, image, factor, neighbours, [min, max])?;
        let to_photo = |window: Rect| {
            let corner = |point: opencv::core::Point| scaling.to_photo([point.x, point.y].map(f64::from));
            let ([left, top], [right, bottom]) = (corner(window.tl()), corner(window.br()));
            scaling.clip([left, top, right, bottom])
        };
        let mut faces = Vec::new();
        for window in boxes {
            limits.check_time()?;
            let eyes = self.detect_eyes(image, window, options)?;
            let mut eyes: Vec<_> = eyes.into_iter().filter_map(to_photo).collect();
            eyes.sort_unstable();
            faces.extend(to_photo(window).map(|rectangle| Face {
                rectangle,
                prediction: None,
                eyes,
            }));
        }
        Ok(faces)
    }

    /// The eyes in a face, in the image's coordinates.
    fn detect_eyes(&mut self, image: &Mat, face: Rect, options: &CascadeOptions) -> Result<Vec<Rect>> {
        let region = Mat::roi(image, face)?;
        let classifier = match options.eye_cascade {
            EyeCascade::None => return Ok(Vec::new()),
            EyeCascade::Eye => &mut self.eyes,
            EyeCascade::EyeTreeEyeglasses => match &mut self.eyes_with_glasses {
                Some(classifier) => classifier,
                none => none.insert(packed::eyes_with_glasses()?),
            },
        };
        // Its factor is independent of the one for faces, as in the Python original.
        let eyes = detect_boxes(classifier, &region, EYE_SCALE_FACTOR, options.eye_neighbours, [0, 0]);
        // Also after a failure: a detection that is stopped leaves its pyramid.
        if region.total() > LARGE_FACE_PIXELS {
            self.eyes_with_glasses = None;
        }
        Ok(eyes?.into_iter().map(|eye| eye + face.tl()).collect())
    }
}

/// The boxes of a cascade, grouped by OpenCV. `sides` are the minimum and the maximum of windows, 0 for no limit.
fn detect_boxes(
    classifier: &mut CascadeClassifier,
    image: &impl ToInputArray,
    factor: f64,
    neighbours: i32,
    sides: [i32; 2],
) -> Result<Vec<Rect>> {
    let mut boxes = Vector::<Rect>::new();
    let [min, max] = sides.map(|side| Size::new(side, side));
    classifier.detect_multi_scale(image, &mut boxes, factor, neighbours, 0, min, max)?;
    Ok(boxes.to_vec())
}

/// The sides of windows for `min_face` and `max_face`, in pixels of the image that is scanned; 0 for no limit.
fn window_sides(detection: &DetectionOptions, scale: f64) -> (i32, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "a photo's sides fit")]
    let window = |face: u32| (f64::from(face) * scale).round() as i32;
    // A limit that rounds to 0 must remain a limit.
    let max = window(detection.max_face).max(i32::from(detection.max_face != 0));
    (window(detection.min_face), max)
}
