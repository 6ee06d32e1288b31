//! A program that detects, in C++ against the SDK or in Python with the wheel: it runs on, is asked by lines on
//! its stdin, and answers each by one line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use support::child::Child;
use support::run::show;

use crate::photos::Photo;

/// A rectangle: left, top, width and height.
pub type Area = [i64; 4];

pub struct Program {
    name: String,
    _child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A photo as a program has decoded it, in grey: its size, and two sums over its pixels.
pub type Decoded = [i64; 4];

#[derive(Clone, Debug)]
pub struct Look<'a> {
    pub cascade: &'a str,
    pub photo: &'a str,
    pub region: Area,
    pub neighbours: u32,
    pub threads: u32,
}

/// What was found, and the least time of some runs in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub milliseconds: f64,
    pub areas: Vec<Area>,
}

impl Program {
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = show(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = Child::start(command)?;
        let (Some(requests), Some(answers)) = (child.stdin(), child.stdout()) else {
            bail!("`{name}` has no stdin or stdout");
        };
        Ok(Self {
            name,
            _child: child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    pub fn cascade(&mut self, name: &str, path: &str) -> Result<()> {
        self.ask(&format!("cascade\t{name}\t{path}")).map(drop)
    }

    pub fn photo(&mut self, photo: &Photo) -> Result<Decoded> {
        let request = format!("photo\t{}\t{}", photo.name, photo.path.display());
        let answer = self.ask(&request)?;
        let decoded = numbers(&answer)?.try_into();
        decoded.map_err(|_| anyhow!("`{}` answered `{answer}` to a photo", self.name))
    }

    /// Has it use OpenCV's own detector or ours; false where it has only OpenCV's.
    pub fn fast(&mut self, on: bool) -> Result<bool> {
        match self.talk(&format!("fast\t{}", u8::from(on)))?.as_str() {
            "ok" => Ok(true),
            "absent" => Ok(false),
            other => bail!("`{}` answered `{other}`", self.name),
        }
    }

    pub fn detect(&mut self, look: &Look, repeat: usize) -> Result<Found> {
        let Look { cascade, photo, .. } = look;
        let (neighbours, threads) = (look.neighbours, look.threads);
        let region = look.region.map(|number| number.to_string()).join("\t");
        let answer = self.ask(&format!(
            "detect\t{cascade}\t{photo}\t{region}\t{neighbours}\t{threads}\t{repeat}"
        ))?;
        let numbers = numbers(&answer)?;
        let (nanoseconds, rest) = numbers.split_first().context("it told no time")?;
        let (areas, rest) = rest.as_chunks::<4>();
        ensure!(rest.is_empty(), "`{}` answered `{answer}`", self.name);
        #[expect(clippy::cast_precision_loss, reason = "a time is far from so long")]
        let milliseconds = *nanoseconds as f64 / 1e6;
        Ok(Found {
            milliseconds,
            areas: areas.to_vec(),
        })
    }

    /// The answer to a request, whose words tabs separate.
    fn talk(&mut self, request: &str) -> Result<String> {
        let mut answer = String::new();
        let mut talk = || {
            writeln!(self.requests, "{request}")?;
            self.requests.flush()?;
            self.answers.read_line(&mut answer)
        };
        talk().with_context(|| format!("failed to talk with `{}`", self.name))?;
        ensure!(
            !answer.is_empty(),
            "`{}` ended; what it said is above",
            self.name
        );
        Ok(answer.trim_end().to_owned())
    }

    /// What is behind the `ok` that an answer begins with.
    fn ask(&mut self, request: &str) -> Result<String> {
        let answer = self.talk(request)?;
        let rest = answer.strip_prefix("ok").with_context(|| {
            let request = request.replace('\t', " ");
            format!("`{}` answered `{answer}` to {request}", self.name)
        })?;
        Ok(rest.trim().to_owned())
    }
}

fn numbers(text: &str) -> Result<Vec<i64>> {
    let numbers = text.split_whitespace().map(str::parse);
    let numbers = numbers.collect::<Result<_, _>>();
    numbers.with_context(|| format!("`{text}` is no list of numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that answers any request by `answer`.
    fn program(answer: &str) -> Program {
        let mut command = Command::new("sh");
        let script = format!("while read -r line; do echo '{answer}'; done");
        Program::start(command.args(["-c", &script])).unwrap()
    }

    fn look<'a>() -> Look<'a> {
        Look {
            cascade: "face",
            photo: "a.jpg",
            region: [0, 0, 10, 10],
            neighbours: 4,
            threads: 1,
        }
    }

    #[test]
    fn an_answer_is_a_time_and_rectangles() {
        let found = program("ok 1500000 1 2 3 4 5 6 7 8")
            .detect(&look(), 1)
            .unwrap();
        assert_eq!(found.milliseconds, 1.5);
        assert_eq!(found.areas, [[1, 2, 3, 4], [5, 6, 7, 8]]);
    }

    #[test]
    fn anything_else_is_an_error_that_shows_it() {
        for answer in ["ok", "ok 1 2", "ok one", "it is no photo", "absent"] {
            let error = program(answer).detect(&look(), 1).unwrap_err();
            assert!(!format!("{error:#}").is_empty());
        }
        let error = program("it is no photo").cascade("a", "b").unwrap_err();
        assert!(format!("{error:#}").contains("it is no photo"));
        let mut ended = Program::start(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert!(ended.fast(true).is_err());
    }

    #[test]
    fn a_program_without_our_detector_says_so() {
        assert!(!program("absent").fast(true).unwrap());
        assert!(program("ok").fast(false).unwrap());
    }
}
