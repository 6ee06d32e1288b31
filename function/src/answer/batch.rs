//! The answer to tasks of S3 Batch Operations. What may go well later is a temporary failure, and
//! S3 then tries the task again; the result's text is in the job's report.
//! Source: Amazon S3 User Guide, "Invoke AWS Lambda function", response.

use aws_lambda_events::event::s3::batch_job::{S3BatchJobResponse, S3BatchJobResult};

use super::outcome::{Outcome, Result};

/// The longest text that is sent back, in characters; a report has a line for each task.
const LONGEST: usize = 1000;
/// The same where there are very many tasks: the name of an error and some words.
const SHORT: usize = 40;

pub fn batch(
    schema: String,
    invocation: String,
    tasks: impl IntoIterator<Item = (String, Result)>,
) -> S3BatchJobResponse {
    let mut answer = S3BatchJobResponse::default();
    answer.invocation_schema_version = Some(schema);
    answer.invocation_id = Some(invocation);
    // For tasks that the answer leaves out, of which there are none.
    answer.treat_missing_keys_as = Some("PermanentFailure".to_owned());
    answer.results = tasks.into_iter().map(task).collect();
    answer
}

fn task((id, result): (String, Result)) -> S3BatchJobResult {
    let (code, text) = match result {
        Ok(Outcome::Found(found)) => {
            let eyes: usize = found.faces.iter().map(|face| face.eyes.len()).sum();
            let mut text = format!("{} face(s), {eyes} eye(s)", found.faces.len());
            if let Some(problem) = found.annotated_error {
                text += &format!("; {}: {}", problem.name, problem.message);
            }
            ("Succeeded", text)
        }
        Ok(Outcome::Own) => ("Succeeded", "skipped: this function wrote it".to_owned()),
        Err(error) if error.is_temporary() => {
            ("TemporaryFailure", format!("{}: {error}", error.name()))
        }
        Err(error) => ("PermanentFailure", format!("{}: {error}", error.name())),
    };
    let mut answer = S3BatchJobResult::default();
    answer.task_id = Some(id);
    answer.result_code = Some(code.to_owned());
    answer.result_string = Some(text.chars().take(LONGEST).collect());
    answer
}

/// Shortens the texts, however many tasks there are; whether a task went well is still told.
pub(super) fn shorten(answer: &mut S3BatchJobResponse) {
    for result in &mut answer.results {
        let text = result.result_string.get_or_insert_default();
        *text = text.chars().take(SHORT).collect();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;

    #[test]
    fn every_task_has_its_code() {
        let busy = Error::StorageFailed {
            verb: "read",
            url: "s3://b/k".to_owned(),
            reason: "status code: 503".to_owned(),
            temporary: true,
        };
        let tasks = [
            ("1".to_owned(), Ok(Outcome::Own)),
            ("2".to_owned(), Err(busy)),
            ("3".to_owned(), Err(Error::InvalidOption("x".repeat(5000)))),
        ];
        let answer = batch("2.0".to_owned(), "i".to_owned(), tasks);
        let answer = serde_json::to_value(answer).unwrap();
        let codes: Vec<_> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| &result["resultCode"])
            .collect();
        assert_eq!(codes, ["Succeeded", "TemporaryFailure", "PermanentFailure"]);
        assert_eq!(answer["treatMissingKeysAs"], json!("PermanentFailure"));
        assert_eq!(
            answer["results"][2]["resultString"].as_str().unwrap().len(),
            LONGEST
        );
    }
}
