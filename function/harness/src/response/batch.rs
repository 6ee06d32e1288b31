//! The response to tasks of S3 Batch Operations. S3 retries a task after a temporary failure, and puts the
//! result string into the job's completion report.
//! Source: Amazon S3 User Guide, "Invoke AWS Lambda function", response.

use serde::Serialize;

use super::outcome::{Outcome, PhotoResult};
use crate::answer::{Answer, description};

/// The maximum length in characters. The report has one line per task.
const MAX_RESULT_CHARS: usize = 1000;
/// The maximum length in characters for responses with a large number of tasks: an error's name and a few words.
const SHORTENED_RESULT_CHARS: usize = 40;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    invocation_schema_version: String,
    treat_missing_keys_as: &'static str,
    invocation_id: String,
    results: Vec<TaskResult>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskResult {
    task_id: String,
    result_code: &'static str,
    result_string: String,
}

pub fn batch<A: Answer>(
    schema_version: String,
    invocation_id: String,
    tasks: impl IntoIterator<Item = (String, PhotoResult<A>)>,
) -> BatchResponse {
    BatchResponse {
        invocation_schema_version: schema_version,
        invocation_id,
        // Has no effect, because the results contain every task.
        treat_missing_keys_as: "PermanentFailure",
        results: tasks.into_iter().map(task_result).collect(),
    }
}

fn task_result<A: Answer>((id, result): (String, PhotoResult<A>)) -> TaskResult {
    let (code, text) = match result {
        Ok(Outcome::Processed(processed)) => {
            let mut text = description(&processed.answer);
            for (_, error) in processed.pictures.errors() {
                text += &format!("; {}: {}", error.name, error.message);
            }
            ("Succeeded", text)
        }
        Ok(Outcome::Skipped(reason)) => ("Succeeded", format!("skipped: {reason}")),
        Err(error) if error.is_temporary() => ("TemporaryFailure", format!("{}: {error}", error.name())),
        Err(error) => ("PermanentFailure", format!("{}: {error}", error.name())),
    };
    TaskResult {
        task_id: id,
        result_code: code,
        result_string: text.chars().take(MAX_RESULT_CHARS).collect(),
    }
}

/// Shortens the result strings and keeps the result codes.
pub(super) fn shorten_results(response: &mut BatchResponse) {
    for result in &mut response.results {
        result.result_string = result.result_string.chars().take(SHORTENED_RESULT_CHARS).collect();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::outcome::SkipReason;
    use super::super::tests::Things;
    use super::*;
    use crate::error::Error;

    #[test]
    fn each_task_gets_a_result_code() {
        let busy = Error::StorageFailed {
            operation: "read",
            url: "s3://b/k".to_owned(),
            reason: "status code: 503".to_owned(),
            temporary: true,
        };
        let tasks = [
            ("1".to_owned(), Ok(Outcome::Skipped(SkipReason::Folder))),
            ("2".to_owned(), Err(busy)),
            ("3".to_owned(), Err(Error::InvalidOption("x".repeat(5000)))),
        ];
        let response = batch::<Things>("2.0".to_owned(), "i".to_owned(), tasks);
        let response = serde_json::to_value(response).unwrap();
        let codes: Vec<_> = response["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| &result["resultCode"])
            .collect();
        assert_eq!(codes, ["Succeeded", "TemporaryFailure", "PermanentFailure"]);
        assert_eq!(response["results"][0]["resultString"], "skipped: it marks a folder");
        assert_eq!(response["treatMissingKeysAs"], json!("PermanentFailure"));
        assert_eq!(
            response["results"][2]["resultString"].as_str().unwrap().len(),
            MAX_RESULT_CHARS
        );
    }
}
