//! Detects faces and their eyes in a photo with OpenCV's cascades.

use std::borrow::Cow;

use opencv::core::{self, Mat, Rect, Size, ToInputArray, Vector};
use opencv::prelude::*;
use opencv::{Result, imgproc};

use super::cascade::{Cascade, LARGE_IMAGE_PIXELS};
use super::classifiers::Classifiers;
use super::vote::{RawDetection, merge};
use super::{Face, cancellation};
use crate::options::{Contrast, DetectionOptions, EyeCascade};
use crate::photo::PhotoError;
use crate::photo::pixels::Photo;
use crate::vision::DetectionTask;

/// Windows of one cascade that must agree before it has a say beside others; `face_neighbours` then
/// is about all of them together.
const RAW_MIN_NEIGHBOURS: i32 = 2;
/// The smallest face that cascades look for together, in pixels: the smallest window of the frontal
/// ones, 24, has such a face in it.
const MIN_FACE: f64 = 21.0;
/// `clipLimit` and `tileGridSize` of `cv::createCLAHE`. 2.0 is the value in OpenCV's tutorial; the default is 40.0.
const CLAHE: (f64, i32) = (2.0, 8);

pub struct CascadeDetector {
    classifiers: Classifiers,
}

impl CascadeDetector {
    /// Loads the cascades of the Python original, or all of them.
    pub fn new(preload_all: bool) -> Result<Self> {
        Ok(Self {
            classifiers: Classifiers::new(preload_all)?,
        })
    }

    /// The faces in `photo`, from left to right, each with its eyes.
    ///
    /// # Errors
    /// The deadline has passed, which stops detection within some milliseconds; or OpenCV failed.
    pub fn detect(&mut self, photo: &Photo, task: &DetectionTask) -> Result<Vec<Face>, PhotoError> {
        let faces = cancellation::with_deadline(task.limits.deadline, || self.detect_faces(photo, task));
        // A detection that is stopped at the deadline fails with an error of OpenCV.
        faces.or_else(|failure| task.limits.check_time().and(Err(failure)))
    }

    fn detect_faces(&mut self, photo: &Photo, task: &DetectionTask) -> Result<Vec<Face>, PhotoError> {
        let detection = &task.detection;
        let (image, scale) = photo.grey();
        if is_large(image) {
            // Frees the pyramids of earlier images, whose memory this image may need.
            self.classifiers.unload_with_pyramids();
        }
        let boxes = match detection.face_cascades.as_slice() {
            // One cascade on one image is a single call of OpenCV, whose boxes are kept.
            [face] if !detection.side_faces && detection.contrast == Contrast::Plain => {
                let sizes = WindowSizes::from_options(detection, scale, 1.0);
                let cascade = Cascade::Face(*face);
                let (factor, neighbours) = (detection.scale_factor, detection.face_neighbours);
                self.detect_boxes(cascade, image, factor, neighbours, sizes)?
            }
            _ => self.detect_merged(image, task, scale)?,
        };
        let mut faces = Vec::new();
        for rectangle in boxes {
            task.limits.check_time()?;
            let eyes = self.detect_eyes(image, rectangle, detection)?;
            let original = |rectangle: Rect| photo.to_photo_box(rectangle);
            let mut eyes: Vec<_> = eyes.into_iter().map(original).collect();
            eyes.sort_unstable();
            faces.push(Face {
                rectangle: original(rectangle),
                eyes,
            });
        }
        // OpenCV's own detector returns boxes in the order in which its threads finish.
        faces.sort_unstable();
        Ok(faces)
    }

    /// The faces that several cascades agree on.
    fn detect_merged(&mut self, image: &Mat, task: &DetectionTask, scale: f64) -> Result<Vec<Rect>, PhotoError> {
        let detection = &task.detection;
        let mut detections = Vec::new();
        for image in contrast_variants(image, detection.contrast)? {
            for cascade in Cascade::for_faces(detection) {
                task.limits.check_time()?;
                detections.extend(self.raw_detections(&image, cascade, false, detection, scale)?);
                if cascade == Cascade::Profile {
                    let mut flipped = Mat::default();
                    core::flip(&*image, &mut flipped, 1)?;
                    detections.extend(self.raw_detections(&flipped, cascade, true, detection, scale)?);
                }
            }
        }
        let frame = Rect::from_point_size(core::Point::default(), image.size()?);
        let boxes = merge(detections, detection.face_neighbours);
        let clipped = boxes.into_iter().map(|[x, y, width, height]| {
            // A fitted box may reach over the picture's edge.
            Rect::new(x, y, width, height) & frame
        });
        Ok(clipped.filter(|face| !face.empty()).collect())
    }

    /// What one cascade finds in the picture, which may be flipped, as faces in one that is not.
    fn raw_detections(
        &mut self,
        image: &Mat,
        cascade: Cascade,
        flipped: bool,
        detection: &DetectionOptions,
        scale: f64,
    ) -> Result<Vec<RawDetection>> {
        let fit = cascade.fit();
        let mut sizes = WindowSizes::from_options(detection, scale, fit.side);
        #[expect(clippy::cast_possible_truncation, reason = "it is a few pixels")]
        let min = (MIN_FACE / fit.side).round() as i32;
        sizes.min = sizes.min.max(min);
        let factor = cascade.scale_factor(detection.scale_factor);
        let (mut boxes, mut votes) = (Vector::<Rect>::new(), Vector::<i32>::new());
        self.classifiers.get(cascade)?.detect_multi_scale2(
            image,
            &mut boxes,
            &mut votes,
            factor,
            RAW_MIN_NEIGHBOURS,
            0,
            square(sizes.min),
            square(sizes.max),
        )?;
        self.release_large_pyramid(cascade, image);
        let width = image.cols();
        let raw_detection = |(found, votes): (Rect, i32)| {
            let x = if flipped {
                width - found.x - found.width
            } else {
                found.x
            };
            let fit = if flipped { fit.flipped() } else { fit };
            RawDetection {
                area: fit.face([x, found.y, found.width, found.height]),
                votes,
            }
        };
        Ok(boxes.iter().zip(votes.iter()).map(raw_detection).collect())
    }

    /// The eyes in a face, in the image's coordinates.
    fn detect_eyes(&mut self, image: &Mat, face: Rect, detection: &DetectionOptions) -> Result<Vec<Rect>> {
        if detection.eye_cascade == EyeCascade::None {
            return Ok(Vec::new());
        }
        let region = Mat::roi(image, face)?;
        let cascade = Cascade::Eye(detection.eye_cascade);
        // OpenCV's default factor, independent of the one for faces, as in the Python original.
        let neighbours = detection.eye_neighbours;
        let eyes = self.detect_boxes(cascade, &region, 1.1, neighbours, WindowSizes::default())?;
        let offset = |eye: Rect| eye + face.tl();
        Ok(eyes.into_iter().map(offset).collect())
    }

    /// The boxes of one cascade, grouped by OpenCV.
    fn detect_boxes(
        &mut self,
        cascade: Cascade,
        image: &(impl ToInputArray + MatTraitConst),
        factor: f64,
        neighbours: i32,
        sizes: WindowSizes,
    ) -> Result<Vec<Rect>> {
        let mut boxes = Vector::<Rect>::new();
        let (min, max) = (square(sizes.min), square(sizes.max));
        let classifier = self.classifiers.get(cascade)?;
        classifier.detect_multi_scale(image, &mut boxes, factor, neighbours, 0, min, max)?;
        self.release_large_pyramid(cascade, image);
        Ok(boxes.to_vec())
    }

    /// Drops a classifier that keeps the pyramid of a large image.
    fn release_large_pyramid(&mut self, cascade: Cascade, image: &impl MatTraitConst) {
        if cascade.keeps_pyramid() && is_large(image) {
            self.classifiers.unload(cascade);
        }
    }
}

/// Window sizes in pixels of the image that is scanned; 0 for no limit.
#[derive(Clone, Copy, Default)]
struct WindowSizes {
    min: i32,
    max: i32,
}

impl WindowSizes {
    /// The windows for `min_face` and `max_face`, if a face takes `side` of a window's width.
    fn from_options(detection: &DetectionOptions, scale: f64, side: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a picture's sides fit")]
        let window = |face: u32| (f64::from(face) * scale / side).round() as i32;
        Self {
            min: window(detection.min_face),
            // A limit that rounds to 0 must remain a limit.
            max: window(detection.max_face).max(i32::from(detection.max_face != 0)),
        }
    }
}

fn is_large(image: &impl MatTraitConst) -> bool {
    image.total() as u64 > LARGE_IMAGE_PIXELS
}

fn square(side: i32) -> Size {
    Size::new(side, side)
}

/// The picture with its contrast changed, as often as it is looked at.
fn contrast_variants(image: &Mat, contrast: Contrast) -> Result<Vec<Cow<'_, Mat>>> {
    let mut images = Vec::new();
    if contrast == Contrast::Plain {
        images.push(Cow::Borrowed(image));
    }
    if matches!(contrast, Contrast::Equalized | Contrast::Both) {
        let mut equalized = Mat::default();
        imgproc::equalize_hist(image, &mut equalized)?;
        images.push(Cow::Owned(equalized));
    }
    if matches!(contrast, Contrast::Adaptive | Contrast::Both) {
        let mut adapted = Mat::default();
        let (limit, tiles) = CLAHE;
        let mut clahe = imgproc::create_clahe(limit, square(tiles))?;
        clahe.apply(image, &mut adapted)?;
        images.push(Cow::Owned(adapted));
    }
    Ok(images)
}
