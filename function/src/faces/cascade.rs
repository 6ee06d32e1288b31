//! Cascades: what each is for, how its windows lie on faces, and how coarsely it looks when several
//! look together.

use super::vote::Fit;
use crate::options::{DetectionOptions, EyeCascade, FaceCascade};

/// A large picture, in pixels: a classifier that keeps pyramids keeps that of the largest picture that it saw
/// as long as it lives, so that after a larger one than this it is dropped and made again.
pub const LARGE_IMAGE_PIXELS: u64 = 2_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cascade {
    Face(FaceCascade),
    /// For faces that look to the left.
    Profile,
    Eye(EyeCascade),
}

impl Cascade {
    /// Those that look for faces.
    pub fn for_faces(detection: &DetectionOptions) -> impl Iterator<Item = Self> {
        let front = detection.face_cascades.iter().copied().map(Self::Face);
        front.chain(detection.side_faces.then_some(Self::Profile))
    }

    /// Whether OpenCV's own code detects by it, which keeps the picture at all sizes at once, with sums. Those without
    /// tilted features and large trees are detected by the SDK's detector, which keeps some rows.
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

    /// How much smaller each picture of its pyramid is than the one before, when the first cascade's
    /// are smaller by `factor`. The second samples other sizes so, and the profile cascade, which
    /// looks twice and mostly confirms, costs half.
    pub fn scale_factor(self, factor: f64) -> f64 {
        let step = match self {
            Self::Face(FaceCascade::FrontalfaceAlt2) => 1.2,
            Self::Profile => 2.0,
            _ => 1.0,
        };
        1.0 + step * (factor - 1.0)
    }
}
