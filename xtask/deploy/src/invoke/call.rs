//! One synchronous invocation with the AWS CLI, and what it returned.

use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde_json::Value;

use crate::aws::{Aws, AwsCommand};
use crate::function_version::FunctionVersion;
use crate::logs::format::line_text;
use crate::logs::line::Line;
use crate::report_line::Report;
use crate::terminal::one_line;

/// The lines of the log that an error shows.
const LOG_LINES: usize = 20;

/// What a function answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// A string if it is not JSON.
    pub value: Value,
    pub version: String,
    /// `None` if the function does not log it.
    pub report: Option<Report>,
}

/// The function ran, and failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function failed: {error_type}: {message}{log}")]
pub struct FunctionFailed {
    error_type: String,
    message: String,
    /// The end of its log, with a line end before each line.
    log: String,
}

/// `event` and `answer` are files.
///
/// # Errors
/// It cannot be invoked, or it fails ([`FunctionFailed`]).
pub fn invoke(aws: &mut Aws, function: &FunctionVersion, event: &Path, answer: &Path) -> Result<Answer> {
    let metadata = aws.run(&command(function, event, answer))?;
    let answer = fs::read_to_string(answer).context("failed to read the function's answer")?;
    Ok(parse(&metadata, &answer)?)
}

/// Both versions of the CLI take files with the prefix `fileb://` as they are, so that the option `cli-binary-format`,
/// which only version 2 has, is not needed.
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html>
fn command(function: &FunctionVersion, event: &Path, answer: &Path) -> AwsCommand {
    let mut command = AwsCommand::new("lambda", "invoke").option("function-name", &function.name);
    if let Some(alias) = &function.alias {
        command = command.option("qualifier", alias);
    }
    command
        .option("log-type", "Tail")
        .option("payload", format!("fileb://{}", event.display()))
        // A function can run for 15 minutes. After its own limit of a minute, the CLI would invoke it again.
        .option("cli-read-timeout", 0)
        .word(&answer.display().to_string())
}

fn parse(metadata: &Value, answer: &str) -> Result<Answer, FunctionFailed> {
    let log = metadata["LogResult"].as_str().and_then(|log| STANDARD.decode(log).ok());
    let log = String::from_utf8_lossy(&log.unwrap_or_default()).into_owned();
    let value: Value = serde_json::from_str(answer).unwrap_or_else(|_| answer.into());
    if let Some(kind) = metadata["FunctionError"].as_str() {
        let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
        return Err(FunctionFailed {
            error_type: one_line(text("errorType").unwrap_or(kind)),
            message: one_line(text("errorMessage").unwrap_or(answer)),
            log: indented_end(&log),
        });
    }
    Ok(Answer {
        value,
        version: metadata["ExecutedVersion"].as_str().unwrap_or("$LATEST").to_owned(),
        report: Report::last_in(&log),
    })
}

fn indented_end(log: &str) -> String {
    let lines = log.lines().map(|line| line_text(&Line::parse(line)));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let end = &lines[lines.len().saturating_sub(LOG_LINES)..];
    end.iter().fold(String::new(), |text, line| text + "\n  | " + line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::function_version::tests::function;
    use crate::report_line::tests::{COLD, TIMEOUT};

    #[test]
    fn commands_name_files_and_the_alias() {
        let shown = command(&function(), Path::new("/t/event.json"), Path::new("/t/answer")).to_string();
        assert_eq!(
            shown,
            "aws lambda invoke --function-name thumbs --qualifier live --log-type Tail --payload \
             fileb:///t/event.json --cli-read-timeout 0 /t/answer"
        );
    }

    #[test]
    fn answers_have_the_report_of_the_log() {
        let metadata = json!({
            "StatusCode": 200, "ExecutedVersion": "3", "LogResult": STANDARD.encode(format!("a line\n{COLD}")),
        });
        let answer = parse(&metadata, r#"{"faces": 2}"#).unwrap();
        assert_eq!((answer.value, answer.version.as_str()), (json!({"faces": 2}), "3"));
        assert_eq!(answer.report, Report::parse(COLD));
        let without_log = parse(&json!({"StatusCode": 200}), "plain text").unwrap();
        assert_eq!((without_log.value, without_log.report), (json!("plain text"), None));
    }

    #[test]
    fn failures_have_the_type_the_message_and_the_log() {
        let metadata = json!({"FunctionError": "Unhandled", "LogResult": STANDARD.encode(TIMEOUT)});
        let failed = |answer: &str| parse(&metadata, answer).unwrap_err().to_string();
        let text = failed(r#"{"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 3.00 seconds"}"#);
        let (first, log) = text.split_once('\n').unwrap();
        assert_eq!(
            first,
            "the function failed: Sandbox.Timedout: Task timed out after 3.00 seconds"
        );
        assert!(log.starts_with("  | REPORT warm, duration 3000 ms"), "{log}");
        assert!(failed(r#"{"errorMessage": "no"}"#).starts_with("the function failed: Unhandled: no\n"));
        assert!(failed("broken").starts_with("the function failed: Unhandled: broken\n"));
        assert_eq!(indented_end(&"line\n".repeat(30)).lines().count(), LOG_LINES + 1);
    }
}
