//! The requests of the programs `yunet.cpp` and `yunet.py`, which detect with `cv::FaceDetectorYN`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::agreement::Face;
use crate::photos::Photo;
use crate::request_program::RequestProgram;

/// The numbers of `cv::FaceDetectorYN::create`.
pub const SCORE_THRESHOLD: f64 = 0.8;
const NMS_THRESHOLD: f64 = 0.3;
const TOP_K: u32 = 5000;

pub struct YunetProgram(RequestProgram);

/// The faces, and the shortest time of several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceDetections {
    pub milliseconds: f64,
    pub faces: Vec<Face>,
}

impl YunetProgram {
    pub fn start(command: &mut Command, model: &Path) -> Result<Self> {
        let numbers = [
            SCORE_THRESHOLD.to_string(),
            NMS_THRESHOLD.to_string(),
            TOP_K.to_string(),
        ];
        RequestProgram::start(command.arg(model).args(numbers)).map(Self)
    }

    /// Asks the wheel to decode a photo, to scale it down to `longest_side` (0: not), and to write its pixels to
    /// `file`. Returns the width and the height.
    pub fn prepare_photo(&mut self, name: &str, photo: &Photo, longest_side: u32, file: &Path) -> Result<[u32; 2]> {
        let path = photo.path.display();
        let response = self
            .0
            .request_ok(&format!("photo\t{name}\t{path}\t{longest_side}\t{}", file.display()))?;
        let words = response.split_whitespace().map(str::parse);
        let size = words.collect::<Result<Vec<_>, _>>().ok();
        size.and_then(|size| size.try_into().ok())
            .with_context(|| format!("the size of {name} is `{response}`"))
    }

    /// Loads pixels that the wheel prepared.
    pub fn load_pixels(&mut self, name: &str, file: &Path, [width, height]: [u32; 2]) -> Result<()> {
        let request = format!("photo\t{name}\t{}\t{width}\t{height}", file.display());
        self.0.request_ok(&request).map(drop)
    }

    pub fn detect(&mut self, name: &str, threads: u32, repeat: usize) -> Result<FaceDetections> {
        let response = self.0.request_ok(&format!("detect\t{name}\t{threads}\t{repeat}"))?;
        parse(&response).with_context(|| format!("the faces in {name} are `{response}`"))
    }
}

fn parse(response: &str) -> Result<FaceDetections> {
    let words = response.split_whitespace().map(str::parse::<f64>);
    let numbers = words
        .collect::<Result<Vec<_>, _>>()
        .context("it is not a list of numbers")?;
    let (nanoseconds, rest) = numbers.split_first().context("it has no time")?;
    let (faces, rest) = rest.as_chunks::<15>();
    ensure!(rest.is_empty(), "it has a face without 15 numbers");
    Ok(FaceDetections {
        milliseconds: nanoseconds / 1e6,
        faces: faces.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that responds to any request with `response`.
    fn program(response: &str) -> YunetProgram {
        let mut command = Command::new("sh");
        let script = format!("while read -r line; do echo '{response}'; done");
        YunetProgram::start(command.args(["-c", &script]), Path::new("model")).unwrap()
    }

    fn photo() -> Photo {
        Photo {
            name: "a.jpg".to_owned(),
            path: "a.jpg".into(),
            size: (10, 10),
        }
    }

    #[test]
    fn a_response_is_a_time_and_faces() {
        let numbers: Vec<_> = (1..=15).map(|number| format!("{number}.5")).collect();
        let found = program(&format!("ok 1500000 {}", numbers.join(" ")))
            .detect("a", 1, 1)
            .unwrap();
        assert!((found.milliseconds - 1.5).abs() < 1e-9);
        assert_eq!(found.faces.len(), 1);
        assert!((found.faces[0][14] - 15.5).abs() < 1e-9);
        assert_eq!(
            program("ok 1500000").detect("a", 1, 1).unwrap().faces,
            Vec::<Face>::new()
        );
    }

    #[test]
    fn other_responses_are_errors() {
        for response in ["ok", "ok one", "ok 1 2 3", "the photo was not loaded"] {
            let error = program(response).detect("a", 1, 1).unwrap_err();
            assert!(!format!("{error:#}").is_empty());
        }
        let prepare = |response: &str| program(response).prepare_photo("a", &photo(), 0, Path::new("b"));
        assert_eq!(prepare("ok 500 375").unwrap(), [500, 375]);
        for response in ["ok 500", "ok 500 x", "failed to decode `a.jpg`"] {
            assert!(prepare(response).is_err(), "{response}");
        }
    }
}
