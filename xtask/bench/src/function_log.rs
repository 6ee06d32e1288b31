//! Follows the log of the function under the emulator, for the times that the function measures itself.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fs_err::File;
use serde_json::Value;

/// A line can arrive after the response.
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct FunctionLog {
    path: PathBuf,
    reader: BufReader<File>,
    /// The last line, until it is complete.
    line: String,
}

impl FunctionLog {
    /// Opens the log for reading from its start; it is read further with each request, not from its start again.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(File::open(path)?),
            line: String::new(),
        })
    }

    /// The milliseconds in which the function decoded the photo `url` and detected in it, from the next line about it.
    ///
    /// # Errors
    /// The log has no such line after ten seconds.
    pub fn next_detection_ms(&mut self, url: &str) -> Result<f64> {
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            self.reader
                .read_line(&mut self.line)
                .with_context(|| format!("failed to read `{}`", self.path.display()))?;
            if !self.line.ends_with('\n') {
                sleep(Duration::from_millis(1));
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(milliseconds) = detection_ms(&line, url) {
                return Ok(milliseconds);
            }
        }
        bail!(
            "the function's log, `{}`, has no line with the times of {url}",
            self.path.display()
        )
    }
}

/// The time to decode and to detect, if the line has those of the photo.
fn detection_ms(line: &str, url: &str) -> Option<f64> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line["message"] != "photo" || line["object"] != url {
        return None;
    }
    let of = |step: &str| line["milliseconds"][step].as_f64();
    Some(of("decode")? + of("detect")?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_followed_as_they_are_written() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut log = FunctionLog::open(file.path()).unwrap();
        let photo = |url: &str, detect: f64| {
            let times = json!({"download": 9.0, "decode": 1.5, "detect": detect, "annotate": 9.0, "upload": 9.0});
            json!({"message": "photo", "object": url, "milliseconds": times})
        };
        let mut writer = file.reopen().unwrap();
        let lines = format!(
            "START\n{{broken\n{}\n{}\n",
            photo("s3://b/other", 7.0),
            photo("s3://b/a", 2.0)
        );
        let (half, rest) = lines.split_at(lines.len() - 10);
        let rest = rest.to_owned();
        write!(writer, "{half}").unwrap();
        let written = std::thread::spawn(move || {
            sleep(Duration::from_millis(30));
            writeln!(writer, "{rest}{}", photo("s3://b/a", 3.0)).unwrap();
        });
        assert!((log.next_detection_ms("s3://b/a").unwrap() - 3.5).abs() < 1e-9);
        assert!((log.next_detection_ms("s3://b/a").unwrap() - 4.5).abs() < 1e-9);
        written.join().unwrap();
    }

    #[test]
    fn lines_without_times_are_skipped() {
        let failed = json!({"message": "the photo failed", "object": "s3://b/a"}).to_string();
        assert_eq!(detection_ms(&failed, "s3://b/a"), None);
        let partly = json!({"message": "photo", "object": "s3://b/a", "milliseconds": {"decode": 1.0}}).to_string();
        assert_eq!(detection_ms(&partly, "s3://b/a"), None);
    }
}
