//! The results of the tests: each passed, failed or skipped with a reason; the counts; and the table of tested
//! promises.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use conformance::skip::Skip;
use serde::Serialize;
use support::output::{CommandOutput, print};
use support::progress::print_status;

use super::promises::{self, Trial};

#[derive(Default, Serialize)]
pub struct TestOutput {
    passed: usize,
    failed: usize,
    skipped: usize,
    tests: Vec<TestResult>,
    promises: Vec<Trial>,
}

#[derive(Serialize)]
struct TestResult {
    name: String,
    outcome: Outcome,
    reason: Option<String>,
    seconds: f64,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl TestOutput {
    pub fn add(&mut self, name: &str, result: Result<()>, took: Duration) {
        let (outcome, reason) = match result {
            Ok(()) => (Outcome::Passed, None),
            Err(error) => match error.downcast::<Skip>() {
                Ok(skip) => (Outcome::Skipped, Some(skip.to_string())),
                Err(error) => (Outcome::Failed, Some(format!("{error:#}"))),
            },
        };
        let count = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Skipped => &mut self.skipped,
        };
        *count += 1;
        let result = TestResult {
            name: name.to_owned(),
            outcome,
            reason,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        };
        print_status(&format!("=== {}", result.line()));
        self.tests.push(result);
        self.promises = promises::all();
    }

    /// Adds the results of tests that ran concurrently.
    pub fn append(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.tests.extend(other.tests);
        self.promises = promises::all();
    }

    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Prints the results; fails if a test failed.
    pub fn print(self, json: bool) -> Result<()> {
        print(&self, json)?;
        if self.failed > 0 {
            bail!("{} of {} tests failed", self.failed, self.tests.len());
        }
        Ok(())
    }
}

impl TestResult {
    fn line(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        let line = format!("{outcome} {:6.1} s  {}", self.seconds, self.name);
        match &self.reason {
            Some(reason) => format!("{line}: {reason}"),
            None => line,
        }
    }
}

impl CommandOutput for TestOutput {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for test in &self.tests {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", test.line());
        }
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        text += &format!("{passed} passed, {failed} failed, {skipped} skipped\n");
        if !self.promises.is_empty() {
            text += &format!("\n{}", promises::format_trials(&self.promises));
        }
        text
    }
}
