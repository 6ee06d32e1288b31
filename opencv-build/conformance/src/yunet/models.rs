//! The SDK's model files.

use std::path::PathBuf;

use crate::Fixture;

/// They have the same weights.
pub struct Models {
    pub onnx: PathBuf,
    pub packed: PathBuf,
}

impl Models {
    pub fn of(fixture: &Fixture) -> Self {
        let at = |name: &str| fixture.share_dir().join("yunet").join(name);
        Self {
            onnx: at("face_detection_yunet.onnx"),
            packed: at("face_detection_yunet.packed"),
        }
    }
}
