//! Runs a detection program, in C++ with the SDK or in Python with the wheel, which reads requests from stdin and
//! responds to each with one line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use support::child::Child;
use support::run::display_command;

use crate::photos::Photo;

/// A rectangle: left, top, width and height.
pub type Rectangle = [i64; 4];

pub struct Program {
    name: String,
    _child: Child,
    requests: ChildStdin,
    responses: BufReader<ChildStdout>,
}

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
        let name = display_command(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = Child::start(command)?;
        let (Some(requests), Some(responses)) = (child.stdin(), child.stdout()) else {
            bail!("`{name}` has no stdin or stdout");
        };
        Ok(Self {
            name,
            _child: child,
            requests,
            responses: BufReader::new(responses),
        })
    }

    pub fn load_cascade(&mut self, name: &str, path: &str) -> Result<()> {
        self.request_ok(&format!("cascade\t{name}\t{path}")).map(drop)
    }

    pub fn load_photo(&mut self, photo: &Photo) -> Result<PixelSums> {
        let request = format!("photo\t{}\t{}", photo.name, photo.path.display());
        let response = self.request_ok(&request)?;
        let decoded = numbers(&response)?.try_into();
        decoded.map_err(|_| anyhow!("`{}` responded `{response}` to a photo", self.name))
    }

    /// Selects OpenCV's own detector or ours; returns false if the program only has OpenCV's.
    pub fn use_our_detector(&mut self, on: bool) -> Result<bool> {
        match self.exchange(&format!("fast\t{}", u8::from(on)))?.as_str() {
            "ok" => Ok(true),
            "absent" => Ok(false),
            other => bail!("`{}` responded `{other}`", self.name),
        }
    }

    pub fn detect(&mut self, request: &DetectRequest, repeat: usize) -> Result<Detections> {
        let DetectRequest { cascade, photo, .. } = request;
        let (neighbours, threads) = (request.neighbours, request.threads);
        let region = request.region.map(|number| number.to_string()).join("\t");
        let response = self.request_ok(&format!(
            "detect\t{cascade}\t{photo}\t{region}\t{neighbours}\t{threads}\t{repeat}"
        ))?;
        let numbers = numbers(&response)?;
        let (nanoseconds, rest) = numbers.split_first().context("the response has no time")?;
        let (rectangles, rest) = rest.as_chunks::<4>();
        ensure!(rest.is_empty(), "`{}` responded `{response}`", self.name);
        #[expect(clippy::cast_precision_loss, reason = "times are below 2^53 ns")]
        let milliseconds = *nanoseconds as f64 / 1e6;
        Ok(Detections {
            milliseconds,
            rectangles: rectangles.to_vec(),
        })
    }

    /// Sends a request, whose words are separated by tabs, and returns the response.
    fn exchange(&mut self, request: &str) -> Result<String> {
        let mut response = String::new();
        let mut exchange = || {
            writeln!(self.requests, "{request}")?;
            self.requests.flush()?;
            self.responses.read_line(&mut response)
        };
        exchange().with_context(|| format!("failed to communicate with `{}`", self.name))?;
        ensure!(!response.is_empty(), "`{}` exited; its output is above", self.name);
        Ok(response.trim_end().to_owned())
    }

    /// The rest of a response that begins with `ok`.
    fn request_ok(&mut self, request: &str) -> Result<String> {
        let response = self.exchange(request)?;
        let rest = response.strip_prefix("ok").with_context(|| {
            let request = request.replace('\t', " ");
            format!("`{}` responded `{response}` to {request}", self.name)
        })?;
        Ok(rest.trim().to_owned())
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
