//! The cascades: what each detects, how its windows map to faces, and its scale factor when several are combined.

use super::vote::Fit;
use crate::options::{DetectionOptions, EyeCascade, FaceCascade};

/// Pixels above which an image is large: a classifier that keeps pyramids keeps the one of the largest image that it
/// has scanned, so after a large image it is dropped and created again.
pub const LARGE_IMAGE_PIXELS: u64 = 2_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cascade {
    Face(FaceCascade),
    /// Faces in profile that look to the image's left.
    Profile,
    Eye(EyeCascade),
}

impl Cascade {
    pub fn for_faces(detection: &DetectionOptions) -> impl Iterator<Item = Self> {
        let front = detection.face_cascades.iter().copied().map(Self::Face);
        front.chain(detection.side_faces.then_some(Self::Profile))
    }

    /// Whether OpenCV's own detector runs it, which keeps the image at all scales, with integral images. Cascades
    /// without tilted features and large trees run in the SDK's detector, which keeps some rows.
    pub fn keeps_pyramid(self) -> bool {
        self == Self::Eye(EyeCascade::EyeTreeEyeglasses)
    }

    pub fn fit(self) -> Fit {
        match self {
            Self::Profile => Fit {
                side: 0.75,
                right: -0.125,
                below: 0.08,
            },
            _ => Fit {
                side: 0.88,
                right: 0.0,
                below: 0.065,
            },
        }
    }

    /// The ratio between the images of its pyramid when the first cascade's is `factor`. So the second cascade scans
    /// other sizes, and the profile cascade, which runs twice, costs half.
    pub fn scale_factor(self, factor: f64) -> f64 {
        let step = match self {
            Self::Face(FaceCascade::FrontalfaceAlt2) => 1.2,
            Self::Profile => 2.0,
            _ => 1.0,
        };
        1.0 + step * (factor - 1.0)
    }
}
