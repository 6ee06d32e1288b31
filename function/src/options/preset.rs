//! The defaults: three ways to look at a photo, and what they have in common.

use super::key::KeyPattern;
use super::place::Place;
use super::values::{
    Contrast, Detection, EyeCascade, FaceCascade, Files, Limits, Options, Output, Preset,
};

impl Preset {
    pub(super) const ALLOWED: &'static str = "`original`, `balanced` or `accurate`";

    pub fn options(self) -> Options {
        Options {
            detection: self.detection(),
            output: Output {
                files: Files::Annotated,
                key: KeyPattern::parse("{key}_rs.jpg").expect("the key is in it"),
                bucket: None,
                // OpenCV's own.
                jpeg_quality: 95,
                loop_guard: true,
            },
            limits: Limits {
                bytes: 64 << 20,
                pixels: 100_000_000,
                bounded: false,
            },
            storage: Place::default(),
            metrics_namespace: None,
        }
    }

    fn detection(self) -> Detection {
        let original = Detection {
            preset: self,
            face_cascades: vec![FaceCascade::FrontalfaceDefault],
            eye_cascade: EyeCascade::Eye,
            side_faces: false,
            contrast: Contrast::Plain,
            scale_factor: 1.1,
            face_neighbours: 4,
            eye_neighbours: 3,
            min_face: 0,
            max_face: 0,
            longest_side: 0,
        };
        let both = vec![
            FaceCascade::FrontalfaceDefault,
            FaceCascade::FrontalfaceAlt2,
        ];
        match self {
            Self::Original => original,
            Self::Balanced => Detection {
                longest_side: 1600,
                face_cascades: both,
                side_faces: true,
                face_neighbours: 8,
                ..original
            },
            Self::Accurate => Detection {
                longest_side: 3200,
                face_cascades: both,
                side_faces: true,
                contrast: Contrast::Both,
                face_neighbours: 15,
                ..original
            },
        }
    }
}
