//! The completion report of a job, summed up: what failed, by the names of errors.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html>

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::terminal::one_line;

/// What Lambda says of a function that did not answer.
const FUNCTION_ERROR: &str = "Lambda returned function error: ";
const FORMAT: &str = "Report_CSV_20180820";
const FAILED: &str = "failed";
/// Of a line in a report.
const COLUMNS: usize = 7;

/// `manifest.json` of a report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    format: String,
    results: Vec<ReportFile>,
}

/// A file with lines of one status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReportFile {
    task_execution_status: String,
    pub bucket: String,
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorGroup {
    pub name: String,
    pub number: usize,
    /// The first one.
    pub object: String,
    pub message: String,
}

/// Errors by their names.
#[derive(Default)]
pub struct Failures {
    groups: BTreeMap<String, ErrorGroup>,
}

/// The files about tasks that failed.
pub fn failed_files(manifest: &str) -> Result<Vec<ReportFile>> {
    let manifest: Manifest = serde_json::from_str(manifest).context("its manifest is not as expected")?;
    ensure!(
        manifest.format == FORMAT,
        "its format is `{}`, not `{FORMAT}`",
        manifest.format
    );
    let files = manifest.results.into_iter();
    Ok(files.filter(|file| file.task_execution_status == FAILED).collect())
}

impl Failures {
    /// # Errors
    /// The file is not a CSV file with the columns of a report.
    pub fn add(&mut self, file: &[u8]) -> Result<()> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
        for record in reader.records() {
            let record = record?;
            ensure!(
                record.len() == COLUMNS,
                "a line has {} columns, not {COLUMNS}",
                record.len()
            );
            if &record[3] != FAILED {
                continue;
            }
            // The schema in the manifest names the code of the error first, but lines have that of HTTP first.
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let code = if is_number(&record[4]) { &record[5] } else { &record[4] };
            let (name, message) = name_and_message(code, &record[6]);
            let group = self.groups.entry(name.clone()).or_insert_with(|| {
                let key = percent_decode_str(&record[1]).decode_utf8_lossy();
                ErrorGroup {
                    name,
                    number: 0,
                    object: format!("s3://{}/{key}", &record[0]),
                    message,
                }
            });
            group.number += 1;
        }
        Ok(())
    }

    pub fn groups(self) -> Vec<ErrorGroup> {
        most_frequent_first(self.groups)
    }
}

pub fn most_frequent_first(groups: BTreeMap<String, ErrorGroup>) -> Vec<ErrorGroup> {
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.number));
    groups
}

/// Of the harness, `NAME: MESSAGE`; of Lambda, the answer of a function that failed; of S3, a code.
fn name_and_message(code: &str, result: &str) -> (String, String) {
    if let Some(answer) = result.strip_prefix(FUNCTION_ERROR) {
        let error: Value = serde_json::from_str(answer).unwrap_or_default();
        let message = error["errorMessage"].as_str().unwrap_or(answer);
        let name = match error["errorType"].as_str() {
            Some(name) if !name.is_empty() => name,
            _ if message.contains("Task timed out after") => "timeout",
            _ => "Lambda",
        };
        return (name.to_owned(), message.to_owned());
    }
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    match result.split_once(": ") {
        Some((name, message)) if is_name(name) => (name.to_owned(), message.to_owned()),
        _ => (code.to_owned(), result.to_owned()),
    }
}

/// A line for each name, and one for its example.
pub fn errors_text(groups: &[ErrorGroup]) -> String {
    let lines = groups.iter().map(|group| {
        let ErrorGroup {
            name,
            number,
            object,
            message,
        } = group;
        let (name, object, message) = (one_line(name), one_line(object), one_line(message));
        format!("{number:>7}  {name}\n         {object}: {message}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{
        "Format": "Report_CSV_20180820", "ReportCreationDate": "2019-04-05T17:48:39.725Z",
        "Results": [
            {"TaskExecutionStatus": "succeeded", "Bucket": "photos", "MD5Checksum": "83", "Key": "r/job-1/results/6.csv"},
            {"TaskExecutionStatus": "failed", "Bucket": "photos", "MD5Checksum": "22", "Key": "r/job-1/results/b.csv"}
        ],
        "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
    }"#;

    fn groups(text: &str) -> Vec<ErrorGroup> {
        let mut failures = Failures::default();
        failures.add(text.as_bytes()).unwrap();
        failures.groups()
    }

    #[test]
    fn manifests_name_the_files_about_failures() {
        let files = failed_files(MANIFEST).unwrap();
        let keys: Vec<_> = files.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(keys, ["r/job-1/results/b.csv"]);
        let other = MANIFEST.replace("_20180820", "_2030");
        assert!(
            failed_files(&other)
                .unwrap_err()
                .to_string()
                .contains("`Report_CSV_2030`")
        );
        assert!(failed_files("{}").is_err());
    }

    #[test]
    fn failures_are_grouped_by_the_names_of_errors() {
        let text = "photos,in/a%20b%2Bc.jpg,,failed,200,PermanentFailure,\"InvalidImage: a \"\"quoted\"\", text\nwith lines\"\n\
                    photos,in/b.jpg,,failed,200,PermanentFailure,InvalidImage: other\n\
                    photos,in/c.jpg,,failed,200,PermanentFailure,\"Lambda returned function error: {\"\"errorMessage\"\":\"\"2019-04-05T17:35:21.155Z 2845ca0d Task timed out after 3.00 seconds\"\"}\"\n\
                    photos,in/d.jpg,,failed,200,PermanentFailure,\"Lambda returned function error: {\"\"errorMessage\"\":\"\"exit status 1\"\",\"\"errorType\"\":\"\"Runtime.ExitError\"\"}\"\n\
                    photos,in/e.jpg,,failed,403,AccessDenied,Access denied by S3\n\
                    photos,in/f.jpg,,failed,ThrottlingException,429,Rate exceeded\n";
        let found = groups(text);
        let names: Vec<_> = found.iter().map(|group| (group.name.as_str(), group.number)).collect();
        let expected = [
            ("InvalidImage", 2),
            ("AccessDenied", 1),
            ("Runtime.ExitError", 1),
            ("ThrottlingException", 1),
            ("timeout", 1),
        ];
        assert_eq!(names, expected);
        assert_eq!(found[0].object, "s3://photos/in/a b+c.jpg");
        assert_eq!(found[0].message, "a \"quoted\", text\nwith lines");
        let shown = errors_text(&found[..1]);
        assert_eq!(
            shown,
            "      2  InvalidImage\n         s3://photos/in/a b+c.jpg: a \"quoted\", text\\nwith lines\n"
        );
    }

    #[test]
    fn other_lines_are_no_failures_or_errors() {
        assert_eq!(groups("photos,a.jpg,,succeeded,200,,1 face\n"), []);
        let error = Failures::default().add(b"photos,a.jpg\n").unwrap_err().to_string();
        assert!(error.contains("2 columns, not 7"), "{error}");
    }
}
