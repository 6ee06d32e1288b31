//! Detects faces with the detector of the preset, until the deadline.

use harness::{Photo, PhotoError};
use opencv::Result;

use super::cascade_detector::CascadeDetector;
use super::yunet::YuNet;
use super::{Face, cancellation};
use crate::options::{DetectionOptions, DetectorOptions};

pub struct FaceDetector {
    cascades: CascadeDetector,
    yunet: YuNet,
}

impl FaceDetector {
    /// Loads the network and the cascades of the Python original; `preload_all` loads the other cascade too, which is
    /// otherwise loaded when it is first needed.
    pub fn new(preload_all: bool) -> Result<Self> {
        Ok(Self {
            cascades: CascadeDetector::new(preload_all)?,
            yunet: YuNet::new()?,
        })
    }

    /// The faces in `photo`, from left to right, each with its eyes.
    ///
    /// # Errors
    /// The deadline has passed, which stops detection within some milliseconds; or OpenCV failed.
    pub fn detect(&mut self, photo: &Photo, detection: &DetectionOptions) -> Result<Vec<Face>, PhotoError> {
        let limits = photo.limits();
        let faces = cancellation::with_deadline(limits.deadline, || match &detection.detector {
            DetectorOptions::Cascades(options) => self.cascades.detect(photo, detection, options, limits),
            DetectorOptions::YuNet(options) => {
                self.yunet
                    .detect(photo.image(), photo.scaling(), detection, options, limits)
            }
        });
        // A detection that is stopped at the deadline fails with an error of OpenCV.
        let mut faces = faces.or_else(|failure| limits.check_time().and(Err(failure)))?;
        // OpenCV's own detector returns boxes in the order in which its threads finish, and YuNet by score.
        faces.sort_by_key(|face| face.rectangle);
        Ok(faces)
    }
}
