//! Finds faces and their eyes in a photo, by OpenCV's cascades.

use std::borrow::Cow;

use opencv::core::{self, Mat, Rect, Size, ToInputArray, Vector};
use opencv::prelude::*;
use opencv::{Result, imgproc};

use super::cascade::{Cascade, LARGE};
use super::classifiers::Classifiers;
use super::vote::{Finding, elect};
use super::{Face, stop};
use crate::options::{Contrast, Detection, EyeCascade};
use crate::photo::Failure;
use crate::photo::pixels::Photo;
use crate::vision::Task;

/// Windows of one cascade that must agree before it has a say beside others; `face_neighbours` then
/// is about all of them together.
const SAY: i32 = 2;
/// The smallest face that cascades look for together, in pixels: the smallest window of the frontal
/// ones, 24, has such a face in it.
const SMALLEST: f64 = 21.0;
/// The limit of contrast and the tiles of adaptive equalisation; OpenCV's usual ones.
const CLAHE: (f64, i32) = (2.0, 8);

pub struct Detector {
    classifiers: Classifiers,
}

impl Detector {
    /// Reads the cascades that the Python original had, or all of them.
    pub fn new(all: bool) -> Result<Self> {
        Ok(Self {
            classifiers: Classifiers::new(all)?,
        })
    }

    /// The faces in `photo`, from left to right, each with its eyes.
    ///
    /// # Errors
    /// Time is over, which ends it within some milliseconds; or OpenCV failed.
    pub fn detect(&mut self, photo: &Photo, task: &Task) -> Result<Vec<Face>, Failure> {
        let faces = stop::at(task.watch.until, || self.faces(photo, task));
        // What was stopped failed for the time.
        faces.or_else(|failure| task.watch.time().and(Err(failure)))
    }

    fn faces(&mut self, photo: &Photo, task: &Task) -> Result<Vec<Face>, Failure> {
        let detection = &task.detection;
        let (picture, scale) = photo.grey();
        if is_large(picture) {
            // The pyramids that they hold of earlier pictures may be in the way.
            self.classifiers.drop_pyramids();
        }
        let boxes = match detection.face_cascades.as_slice() {
            // One cascade on one picture is what OpenCV's own call is for, and gives its boxes.
            [face] if !detection.side_faces && detection.contrast == Contrast::Plain => {
                let sizes = Sizes::of(detection, scale, 1.0);
                let cascade = Cascade::Face(*face);
                let (factor, neighbours) = (detection.scale_factor, detection.face_neighbours);
                self.found(cascade, picture, factor, neighbours, sizes)?
            }
            _ => self.together(picture, task, scale)?,
        };
        let mut faces = Vec::new();
        for rectangle in boxes {
            task.watch.time()?;
            let eyes = self.eyes(picture, rectangle, detection)?;
            let original = |rectangle: Rect| photo.unscaled(rectangle);
            let mut eyes: Vec<_> = eyes.into_iter().map(original).collect();
            eyes.sort_unstable();
            faces.push(Face {
                rectangle: original(rectangle),
                eyes,
            });
        }
        // Where OpenCV's own code detects, its order depends on which of its threads ends first.
        faces.sort_unstable();
        Ok(faces)
    }

    /// The faces that several cascades agree on.
    fn together(&mut self, picture: &Mat, task: &Task, scale: f64) -> Result<Vec<Rect>, Failure> {
        let detection = &task.detection;
        let mut findings = Vec::new();
        for picture in pictures(picture, detection.contrast)? {
            for cascade in Cascade::of(detection) {
                task.watch.time()?;
                findings.extend(self.say(&picture, cascade, false, detection, scale)?);
                if cascade == Cascade::Profile {
                    let mut flipped = Mat::default();
                    core::flip(&*picture, &mut flipped, 1)?;
                    findings.extend(self.say(&flipped, cascade, true, detection, scale)?);
                }
            }
        }
        let frame = Rect::from_point_size(core::Point::default(), picture.size()?);
        let boxes = elect(findings, detection.face_neighbours);
        let inside = boxes.into_iter().map(|[x, y, width, height]| {
            // A fitted box may reach over the picture's edge.
            Rect::new(x, y, width, height) & frame
        });
        Ok(inside.filter(|face| !face.empty()).collect())
    }

    /// What one cascade finds in the picture, which may be flipped, as faces in one that is not.
    fn say(
        &mut self,
        picture: &Mat,
        cascade: Cascade,
        flipped: bool,
        detection: &Detection,
        scale: f64,
    ) -> Result<Vec<Finding>> {
        let fit = cascade.fit();
        let mut sizes = Sizes::of(detection, scale, fit.side);
        let least = (SMALLEST / fit.side).round() as i32;
        sizes.least = sizes.least.max(least);
        let factor = cascade.factor(detection.scale_factor);
        let (mut boxes, mut votes) = (Vector::<Rect>::new(), Vector::<i32>::new());
        self.classifiers.get(cascade)?.detect_multi_scale2(
            picture,
            &mut boxes,
            &mut votes,
            factor,
            SAY,
            0,
            square(sizes.least),
            square(sizes.most),
        )?;
        self.put_back(cascade, picture);
        let width = picture.cols();
        let finding = |(found, votes): (Rect, i32)| {
            let x = if flipped {
                width - found.x - found.width
            } else {
                found.x
            };
            let fit = if flipped { fit.flipped() } else { fit };
            Finding {
                area: fit.face([x, found.y, found.width, found.height]),
                votes,
            }
        };
        Ok(boxes.iter().zip(votes.iter()).map(finding).collect())
    }

    /// The eyes in a face, in the picture's coordinates.
    fn eyes(&mut self, picture: &Mat, face: Rect, detection: &Detection) -> Result<Vec<Rect>> {
        if detection.eye_cascade == EyeCascade::None {
            return Ok(Vec::new());
        }
        let region = Mat::roi(picture, face)?;
        let cascade = Cascade::Eye(detection.eye_cascade);
        // OpenCV's own factor, whatever that for faces is, as the Python original had it.
        let neighbours = detection.eye_neighbours;
        let eyes = self.found(cascade, &region, 1.1, neighbours, Sizes::default())?;
        let placed = |eye: Rect| eye + face.tl();
        Ok(eyes.into_iter().map(placed).collect())
    }

    /// What one cascade finds, by OpenCV's own count of neighbours.
    fn found(
        &mut self,
        cascade: Cascade,
        picture: &(impl ToInputArray + MatTraitConst),
        factor: f64,
        neighbours: i32,
        sizes: Sizes,
    ) -> Result<Vec<Rect>> {
        let mut boxes = Vector::<Rect>::new();
        let (least, most) = (square(sizes.least), square(sizes.most));
        let classifier = self.classifiers.get(cascade)?;
        classifier.detect_multi_scale(picture, &mut boxes, factor, neighbours, 0, least, most)?;
        self.put_back(cascade, picture);
        Ok(boxes.to_vec())
    }

    /// Lets go of a classifier that keeps the pyramid of a large picture.
    fn put_back(&mut self, cascade: Cascade, picture: &impl MatTraitConst) {
        if cascade.keeps_pyramid() && is_large(picture) {
            self.classifiers.drop(cascade);
        }
    }
}

/// The sizes of windows, in pixels of the picture that is looked at; 0 for any.
#[derive(Clone, Copy, Default)]
struct Sizes {
    least: i32,
    most: i32,
}

impl Sizes {
    /// Windows in which a face has the sizes that were asked for, when it has `side` of the window.
    fn of(detection: &Detection, scale: f64, side: f64) -> Self {
        let window = |face: u32| (f64::from(face) * scale / side).round() as i32;
        Self {
            least: window(detection.min_face),
            // A limit that rounds to nothing must stay one.
            most: window(detection.max_face).max(i32::from(detection.max_face != 0)),
        }
    }
}

fn is_large(picture: &impl MatTraitConst) -> bool {
    picture.total() as u64 > LARGE
}

fn square(side: i32) -> Size {
    Size::new(side, side)
}

/// The picture with its contrast changed, as often as it is looked at.
fn pictures(picture: &Mat, contrast: Contrast) -> Result<Vec<Cow<'_, Mat>>> {
    let mut pictures = Vec::new();
    if contrast == Contrast::Plain {
        pictures.push(Cow::Borrowed(picture));
    }
    if matches!(contrast, Contrast::Equalized | Contrast::Both) {
        let mut equalized = Mat::default();
        imgproc::equalize_hist(picture, &mut equalized)?;
        pictures.push(Cow::Owned(equalized));
    }
    if matches!(contrast, Contrast::Adaptive | Contrast::Both) {
        let mut adapted = Mat::default();
        let (limit, tiles) = CLAHE;
        let mut clahe = imgproc::create_clahe(limit, square(tiles))?;
        clahe.apply(picture, &mut adapted)?;
        pictures.push(Cow::Owned(adapted));
    }
    Ok(pictures)
}
