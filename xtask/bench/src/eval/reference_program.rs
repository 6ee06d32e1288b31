//! Asks the program `data/eval/reference.py` for the faces in photos.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::face::Face;
use crate::request_program::RequestProgram;

pub struct ReferenceProgram(RequestProgram);

/// Times are in milliseconds.
#[derive(Deserialize)]
struct Response {
    faces: Vec<Value>,
    decode: f64,
    detect: f64,
}

impl ReferenceProgram {
    /// `command` is that of the program; `kind` is `haar` or `yunet`.
    pub fn start(command: &mut Command, kind: &str, model: &Path) -> Result<Self> {
        RequestProgram::start(command.arg(kind).arg(model)).map(Self)
    }

    /// The faces in a photo, and the milliseconds to decode it and to detect in it.
    pub fn detect(&mut self, photo: &Path, longest_side: u32) -> Result<(Vec<Face>, f64)> {
        let response = self.0.exchange(&format!("{}\t{longest_side}", photo.display()))?;
        let parsed: Response =
            serde_json::from_str(&response).with_context(|| format!("`{}` responded {response}", self.0.name))?;
        Ok((Face::list(&parsed.faces)?, parsed.decode + parsed.detect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(response: &str) -> Result<(Vec<Face>, f64)> {
        let mut command = Command::new("sh");
        let script = format!("while read -r line; do echo '{response}'; done");
        let mut program = ReferenceProgram::start(command.args(["-c", &script]), "haar", Path::new("a.xml"))?;
        program.detect(Path::new("a.jpg"), 0)
    }

    #[test]
    fn a_response_has_faces_and_times() {
        let (faces, milliseconds) =
            detect(r#"{"faces": [{"box": [1, 2, 3, 4]}], "decode": 1.5, "detect": 2.5}"#).unwrap();
        assert_eq!(faces.len(), 1);
        assert!((milliseconds - 4.0).abs() < 1e-9);
    }

    #[test]
    fn errors_of_the_program_are_shown() {
        let error = detect(r#"{"error": "failed to decode `a.jpg`"}"#).unwrap_err();
        assert!(format!("{error:#}").contains("failed to decode `a.jpg`"), "{error:#}");
    }
}
