//! A program, in C++ or Python, that reads requests from stdin, one a line with fields separated by tabs, and responds
//! to each with one line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use support::child::Child;
use support::run::display_command;

pub struct RequestProgram {
    /// Its command line, for errors.
    pub name: String,
    _child: Child,
    requests: ChildStdin,
    responses: BufReader<ChildStdout>,
}

impl RequestProgram {
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

    /// Sends a request and returns the response.
    pub fn exchange(&mut self, request: &str) -> Result<String> {
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
    pub fn request_ok(&mut self, request: &str) -> Result<String> {
        let response = self.exchange(request)?;
        let rest = response.strip_prefix("ok").with_context(|| {
            let request = request.replace('\t', " ");
            format!("`{}` responded `{response}` to {request}", self.name)
        })?;
        Ok(rest.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> RequestProgram {
        RequestProgram::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn responses_are_lines() {
        let mut echo = start("while read -r line; do echo \"ok $line\"; done");
        assert_eq!(echo.exchange("a\tb").unwrap(), "ok a\tb");
        assert_eq!(echo.request_ok("c").unwrap(), "c");
    }

    #[test]
    fn other_responses_and_the_end_of_the_program_are_errors() {
        let mut refusing = start("while read -r line; do echo 'no such photo'; done");
        let error = refusing.request_ok("photo\ta.jpg").unwrap_err().to_string();
        assert!(error.contains("responded `no such photo` to photo a.jpg"), "{error}");
        let error = start("exit 3").exchange("a").unwrap_err();
        assert!(format!("{error:#}").contains("exit 3"), "{error:#}");
    }
}
