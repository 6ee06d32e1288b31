//! The response to tasks of S3 Batch Operations. S3 retries a task after a temporary failure, and puts the
//! result string into the job's completion report.
//! Source: Amazon S3 User Guide, "Invoke AWS Lambda function", response.

use aws_lambda_events::event::s3::batch_job::{S3BatchJobResponse, S3BatchJobResult};

use super::outcome::{Outcome, PhotoResult};

/// The maximum length in characters. The report has one line per task.
const MAX_RESULT_CHARS: usize = 1000;
/// The maximum length in characters for responses with a large number of tasks: an error's name and a few words.
const SHORTENED_RESULT_CHARS: usize = 40;

pub fn batch(
    schema_version: String,
    invocation_id: String,
    tasks: impl IntoIterator<Item = (String, PhotoResult)>,
) -> S3BatchJobResponse {
    let mut response = S3BatchJobResponse::default();
    response.invocation_schema_version = Some(schema_version);
    response.invocation_id = Some(invocation_id);
    // Has no effect, because the results contain every task.
    response.treat_missing_keys_as = Some("PermanentFailure".to_owned());
    response.results = tasks.into_iter().map(task_result).collect();
    response
}

fn task_result((id, result): (String, PhotoResult)) -> S3BatchJobResult {
    let (code, text) = match result {
        Ok(Outcome::Processed(processed)) => {
            let eyes: usize = processed.faces.iter().map(|face| face.eyes.len()).sum();
            let mut text = format!("{} face(s), {eyes} eye(s)", processed.faces.len());
            if let Some(error) = processed.annotated_error {
                text += &format!("; {}: {}", error.name, error.message);
            }
            ("Succeeded", text)
        }
        Ok(Outcome::OwnOutput) => ("Succeeded", "skipped: this function wrote it".to_owned()),
        Err(error) if error.is_temporary() => ("TemporaryFailure", format!("{}: {error}", error.name())),
        Err(error) => ("PermanentFailure", format!("{}: {error}", error.name())),
    };
    let mut response = S3BatchJobResult::default();
    response.task_id = Some(id);
    response.result_code = Some(code.to_owned());
    response.result_string = Some(text.chars().take(MAX_RESULT_CHARS).collect());
    response
}

/// Shortens the result strings and keeps the result codes.
pub(super) fn shorten_results(response: &mut S3BatchJobResponse) {
    for result in &mut response.results {
        let text = result.result_string.get_or_insert_default();
        *text = text.chars().take(SHORTENED_RESULT_CHARS).collect();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            ("1".to_owned(), Ok(Outcome::OwnOutput)),
            ("2".to_owned(), Err(busy)),
            ("3".to_owned(), Err(Error::InvalidOption("x".repeat(5000)))),
        ];
        let response = batch("2.0".to_owned(), "i".to_owned(), tasks);
        let response = serde_json::to_value(response).unwrap();
        let codes: Vec<_> = response["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| &result["resultCode"])
            .collect();
        assert_eq!(codes, ["Succeeded", "TemporaryFailure", "PermanentFailure"]);
        assert_eq!(response["treatMissingKeysAs"], json!("PermanentFailure"));
        assert_eq!(
            response["results"][2]["resultString"].as_str().unwrap().len(),
            MAX_RESULT_CHARS
        );
    }
}
