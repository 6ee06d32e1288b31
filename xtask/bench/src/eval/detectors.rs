//! The detectors that are evaluated: the presets of the packaged function, and references in Python.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::json;

use super::face::{Face, with_min_score};
use super::reference_program::ReferenceProgram;
use crate::function_log::FunctionLog;
use crate::python_reference::{PythonReference, Release};
use local::engine::Engine;
use local::launch::EMULATOR_LOG;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const BUCKET: &str = "labelled";
/// The score threshold of the references with YuNet, except for the average precision.
const REFERENCE_SCORE: f64 = 0.8;
/// The lowest score of the faces for the average precision, which is also that of the reference program.
pub const MIN_SCORE: f64 = 0.3;

/// One of the detectors, in the order of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    Preset(&'static str),
    /// The frontal cascade with OpenCV 4.5.5.
    Cascade,
    /// YuNet with OpenCV 4.14; photos are scaled down to this longest side, 0 for not.
    Yunet(u32),
}

pub const PRESETS: [Detector; 4] = [
    Detector::Preset("original"),
    Detector::Preset("fast"),
    Detector::Preset("balanced"),
    Detector::Preset("accurate"),
];
const REFERENCES: [Detector; 3] = [Detector::Cascade, Detector::Yunet(0), Detector::Yunet(320)];

pub struct Detection {
    pub faces: Vec<Face>,
    /// To decode the photo and to detect in it.
    pub detection_ms: f64,
    /// From the event to the response; only of presets.
    pub invocation_ms: Option<f64>,
}

impl Detector {
    pub fn name(self) -> String {
        match self {
            Self::Preset(name) => name.to_owned(),
            Self::Cascade => "wheel 4.5.5".to_owned(),
            Self::Yunet(0) => "wheel 4.14".to_owned(),
            Self::Yunet(longest_side) => format!("wheel 4.14 at {longest_side}"),
        }
    }

    /// Whether its faces have scores; cascades have none.
    pub fn has_scores(self) -> bool {
        !matches!(self, Self::Preset("original") | Self::Cascade)
    }
}

/// The function under the emulator, and the reference programs.
pub struct Detectors {
    lambda: LocalLambda,
    log: FunctionLog,
    references: Option<ReferencePrograms>,
}

struct ReferencePrograms {
    cascade: ReferenceProgram,
    yunet: ReferenceProgram,
}

impl Detectors {
    /// Evaluates only the presets, and adds the reason to `notes`, if Python is not 3.11 or 3.12 or the SDK has no
    /// YuNet.
    pub fn start(workspace: &Workspace, (sdk, function): (&Sdk, &Function), notes: &mut Vec<String>) -> Result<Self> {
        let references = ReferencePrograms::start(workspace, sdk);
        let references =
            references.map_err(|error| notes.push(format!("the references were not evaluated: {error:#}")));
        let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &[])?;
        lambda.storage.create_bucket(BUCKET)?;
        Ok(Self {
            log: FunctionLog::open(&lambda.scratch.path().join(EMULATOR_LOG))?,
            lambda,
            references: references.ok(),
        })
    }

    pub fn all(&self) -> Vec<Detector> {
        let references = self.references.iter().flat_map(|_| REFERENCES);
        PRESETS.into_iter().chain(references).collect()
    }

    /// Makes a photo available for `detect`.
    pub fn add_photo(&self, name: &str, path: &Path) -> Result<()> {
        self.lambda.storage.put(BUCKET, name, path)
    }

    /// Removes a photo and what the function wrote, so that sets of any size can be evaluated.
    pub fn remove_photo(&self, name: &str) -> Result<()> {
        let storage = &self.lambda.storage;
        // There is none of a photo that is too large for JPEG.
        let _ = storage.remove(BUCKET, &format!("{name}_rs.jpg"));
        storage.remove(BUCKET, name)
    }

    /// Detects faces with the detector's own threshold, or with `min_score`, which is at least [`MIN_SCORE`].
    pub fn detect(
        &mut self,
        detector: Detector,
        (name, path): (&str, &Path),
        min_score: Option<f64>,
    ) -> Result<Detection> {
        let mut reference = |longest_side| {
            let references = self.references.as_mut().context("the references were not started")?;
            references.detect(path, longest_side, min_score.unwrap_or(REFERENCE_SCORE))
        };
        let detection = match detector {
            Detector::Cascade => reference(None),
            Detector::Yunet(longest_side) => reference(Some(longest_side)),
            Detector::Preset(preset) => self.invoke(preset, name, min_score),
        };
        detection.with_context(|| format!("failed to detect faces in {name} with `{}`", detector.name()))
    }

    fn invoke(&mut self, preset: &str, name: &str, min_score: Option<f64>) -> Result<Detection> {
        let mut options = json!({"preset": preset});
        if let Some(score) = min_score {
            options["score"] = json!(score);
        }
        let start = Instant::now();
        let faces = self.lambda.faces(BUCKET, name, &options)?;
        let invocation_ms = start.elapsed().as_secs_f64() * 1e3;
        Ok(Detection {
            faces: Face::list(&faces)?,
            detection_ms: self.log.next_detection_ms(&format!("s3://{BUCKET}/{name}"))?,
            invocation_ms: Some(invocation_ms),
        })
    }
}

impl ReferencePrograms {
    fn start(workspace: &Workspace, sdk: &Sdk) -> Result<Self> {
        let old = PythonReference::install(workspace, sdk, Release::V4_5_5)?;
        let new = PythonReference::install(workspace, sdk, Release::V4_14)?;
        let start = |python: &PythonReference, kind: &str, model: &Path| {
            ensure!(model.is_file(), "the SDK has no `{}`", model.display());
            ReferenceProgram::start(&mut python.program("eval_reference.py")?, kind, model)
        };
        Ok(Self {
            cascade: start(&old, "haar", &old.face_cascade())?,
            yunet: start(&new, "yunet", new.model())?,
        })
    }

    /// `longest_side` is that of YuNet; none is the cascade.
    fn detect(&mut self, photo: &Path, longest_side: Option<u32>, min_score: f64) -> Result<Detection> {
        let (faces, detection_ms) = match longest_side {
            None => self.cascade.detect(photo, 0)?,
            Some(longest_side) => self.yunet.detect(photo, longest_side)?,
        };
        Ok(Detection {
            faces: with_min_score(faces, min_score),
            detection_ms,
            invocation_ms: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_cascades_have_no_scores() {
        let all: Vec<_> = PRESETS.into_iter().chain(REFERENCES).collect();
        let names: std::collections::BTreeSet<_> = all.iter().map(|detector| detector.name()).collect();
        assert_eq!(names.len(), all.len(), "{names:?}");
        let unscored: Vec<_> = all.iter().filter(|detector| !detector.has_scores()).collect();
        assert_eq!(unscored, [&Detector::Preset("original"), &Detector::Cascade]);
    }
}
