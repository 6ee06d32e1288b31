//! The default options of each preset.

use super::key_pattern::KeyPattern;
use super::storage::StorageConfig;
use super::values::{
    Contrast, DetectionOptions, EyeCascade, FaceCascade, Limits, Options, OutputFiles, OutputOptions, Preset,
};

impl Preset {
    pub(super) const ALLOWED: &'static str = "`original`, `balanced` or `accurate`";

    pub fn options(self) -> Options {
        Options {
            detection: self.detection(),
            output: OutputOptions {
                files: OutputFiles::Annotated,
                key_pattern: KeyPattern::parse("{key}_rs.jpg").expect("the pattern is valid"),
                bucket: None,
                // OpenCV's default.
                jpeg_quality: 95,
                loop_guard: true,
            },
            limits: Limits {
                max_bytes: 64 << 20,
                max_pixels: 100_000_000,
                work_bounded: false,
            },
            storage: StorageConfig::default(),
            metrics_namespace: None,
        }
    }

    fn detection(self) -> DetectionOptions {
        let original = DetectionOptions {
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
        let two_cascades = vec![FaceCascade::FrontalfaceDefault, FaceCascade::FrontalfaceAlt2];
        match self {
            Self::Original => original,
            Self::Balanced => DetectionOptions {
                longest_side: 1600,
                face_cascades: two_cascades,
                side_faces: true,
                face_neighbours: 8,
                ..original
            },
            Self::Accurate => DetectionOptions {
                longest_side: 3200,
                face_cascades: two_cascades,
                side_faces: true,
                contrast: Contrast::Both,
                face_neighbours: 15,
                ..original
            },
        }
    }
}
