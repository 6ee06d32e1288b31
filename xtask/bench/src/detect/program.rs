//! The requests of the programs `detect.cpp` and `detect.py`, which detect with cascades.

use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::photos::Photo;
use crate::request_program::RequestProgram;

/// A rectangle: left, top, width and height.
pub type Rectangle = [i64; 4];

pub struct Program(RequestProgram);

/// Checksum of a decoded grey photo: width, height, and two sums over its pixels.
pub type PixelSums = [i64; 4];

#[derive(Clone, Debug)]
pub struct DetectRequest<'a> {
    pub cascade: &'a str,
    pub photo: &'a str,
    pub region: Rectangle,
    pub neighbours: u32,
    pub threads: u32,
}

/// The rectangles, and the shortest time of several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Detections {
    pub milliseconds: f64,
    pub rectangles: Vec<Rectangle>,
}

impl Program {
    pub fn start(command: &mut Command) -> Result<Self> {
        RequestProgram::start(command).map(Self)
    }

    pub fn load_cascade(&mut self, name: &str, path: &str) -> Result<()> {
        self.0.request_ok(&format!("cascade\t{name}\t{path}")).map(drop)
    }

    pub fn load_photo(&mut self, photo: &Photo) -> Result<PixelSums> {
        let request = format!("photo\t{}\t{}", photo.name, photo.path.display());
        let response = self.0.request_ok(&request)?;
        let decoded = numbers(&response)?.try_into();
        decoded.map_err(|_| anyhow!("`{}` responded `{response}` to a photo", self.0.name))
    }

    /// Selects OpenCV's own detector or ours; returns false if the program only has OpenCV's.
    pub fn use_our_detector(&mut self, on: bool) -> Result<bool> {
        match self.0.exchange(&format!("fast\t{}", u8::from(on)))?.as_str() {
            "ok" => Ok(true),
            "absent" => Ok(false),
            other => bail!("`{}` responded `{other}`", self.0.name),
        }
    }

    pub fn detect(&mut self, request: &DetectRequest, repeat: usize) -> Result<Detections> {
        let DetectRequest { cascade, photo, .. } = request;
        let (neighbours, threads) = (request.neighbours, request.threads);
        let region = request.region.map(|number| number.to_string()).join("\t");
        let response = self.0.request_ok(&format!(
            "detect\t{cascade}\t{photo}\t{region}\t{neighbours}\t{threads}\t{repeat}"
        ))?;
        let numbers = numbers(&response)?;
        let (nanoseconds, rest) = numbers.split_first().context("the response has no time")?;
        let (rectangles, rest) = rest.as_chunks::<4>();
        ensure!(rest.is_empty(), "`{}` responded `{response}`", self.0.name);
        #[expect(clippy::cast_precision_loss, reason = "times are below 2^53 ns")]
        let milliseconds = *nanoseconds as f64 / 1e6;
        Ok(Detections {
            milliseconds,
            rectangles: rectangles.to_vec(),
        })
    }
}

fn numbers(text: &str) -> Result<Vec<i64>> {
    let numbers = text.split_whitespace().map(str::parse);
    let numbers = numbers.collect::<Result<_, _>>();
    numbers.with_context(|| format!("`{text}` is not a list of numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that responds to any request with `response`.
    fn program(response: &str) -> Program {
        let mut command = Command::new("sh");
        let script = format!("while read -r line; do echo '{response}'; done");
        Program::start(command.args(["-c", &script])).unwrap()
    }

    fn request<'a>() -> DetectRequest<'a> {
        DetectRequest {
            cascade: "face",
            photo: "a.jpg",
            region: [0, 0, 10, 10],
            neighbours: 4,
            threads: 1,
        }
    }

    #[test]
    fn a_reply_is_a_time_and_rectangles() {
        let found = program("ok 1500000 1 2 3 4 5 6 7 8").detect(&request(), 1).unwrap();
        let rectangles = vec![[1, 2, 3, 4], [5, 6, 7, 8]];
        assert_eq!((found.milliseconds, found.rectangles), (1.5, rectangles));
    }

    #[test]
    fn other_replies_are_errors() {
        for response in ["ok", "ok 1 2", "ok one", "failed to decode `a.jpg`", "absent"] {
            let error = program(response).detect(&request(), 1).unwrap_err();
            assert!(!format!("{error:#}").is_empty());
        }
        let error = program("failed to decode `a.jpg`").load_cascade("a", "b").unwrap_err();
        assert!(format!("{error:#}").contains("failed to decode `a.jpg`"));
        let mut ended = Program::start(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert!(ended.use_our_detector(true).is_err());
    }

    #[test]
    fn a_program_without_our_detector_reports_it() {
        assert!(!program("absent").use_our_detector(true).unwrap());
        assert!(program("ok").use_our_detector(false).unwrap());
    }
}
