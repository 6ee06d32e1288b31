//! The forms of an answer, and that none is larger than Lambda takes back: to a larger one it says 413, and the
//! invocation has failed whatever was done. One for people and machines that ask for more is refused; one by which a
//! service knows what was done is shortened to that.
//! Source: AWS Lambda Developer Guide, "Lambda quotas", invocation payload.

use aws_lambda_events::event::s3::batch_job::S3BatchJobResponse;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use serde::Serialize;

use super::batch;
use super::direct::Direct;
use super::http::{self, Http};
use super::limit::{MOST, size};
use super::notification::{self, Notification};
use crate::error::{Error, Result};

/// An answer, in a form for each kind of sender.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Direct(Direct),
    Notification(Notification),
    Sqs(SqsBatchResponse),
    Batch(S3BatchJobResponse),
    Http(Http),
}

/// The answer, or as much of it as counts.
///
/// # Errors
/// [`Error::AnswerTooLarge`], with what to ask for instead.
pub fn fitting(mut answer: Answer) -> Result<Answer> {
    let bytes = size(&answer);
    if bytes <= MOST {
        return Ok(answer);
    }
    let remedy = match &mut answer {
        Answer::Http(_) => http::REMEDY,
        Answer::Direct(_) => {
            "what was to be written is written: with `output` `sidecar` the faces are, too; fewer are found with a \
             larger `face_neighbours` or `min_face`"
        }
        Answer::Notification(answer) => {
            notification::shorten(answer);
            "send fewer photos at once"
        }
        Answer::Batch(answer) => {
            batch::shorten(answer);
            "send fewer tasks at once"
        }
        Answer::Sqs(_) => "send fewer messages at once",
    };
    if size(&answer) <= MOST {
        return Ok(answer);
    }
    Err(Error::AnswerTooLarge { bytes, remedy })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Found, Outcome, direct, json as boxes, sqs};
    use super::*;
    use crate::faces::Face;
    use crate::request::Object;

    fn found(faces: usize) -> Found {
        let face = Face {
            rectangle: [1000, 2000, 300, 400],
            eyes: vec![[1005, 2006, 70, 80]; 2],
        };
        Found {
            width: 100,
            height: 50,
            faces: vec![face; faces],
            annotated: Some("s3://b/k_rs.jpg".to_owned()),
            annotated_error: None,
            sidecar: None,
        }
    }

    #[test]
    fn the_size_is_that_of_the_json() {
        let value = json!({"caf\u{e9}": ["\"", "\u{1}", 1.5, null]});
        assert_eq!(size(&value), value.to_string().len());
    }

    #[test]
    fn thousands_of_faces_are_told_and_millions_are_refused() {
        fitting(Answer::Http(boxes(&found(10_000)))).unwrap();
        fitting(Answer::Direct(direct(found(10_000)))).unwrap();
        for answer in [
            Answer::Http(boxes(&found(100_000))),
            Answer::Direct(direct(found(100_000))),
        ] {
            let error = fitting(answer).unwrap_err();
            assert_eq!((error.name(), error.status()), ("AnswerTooLarge", 413));
            assert!(error.to_string().contains("face_neighbours"), "{error}");
        }
    }

    #[test]
    fn a_notification_is_answered_without_the_faces_that_have_no_room() {
        let object = |key: &str| Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version: None,
        };
        let photos = vec![
            (object("many"), Ok(Outcome::Found(found(100_000)))),
            (object("few"), Ok(Outcome::Found(found(1)))),
            (object("own"), Ok(Outcome::Own)),
        ];
        let answer = Answer::Notification(notification::notification(photos).unwrap());
        let answer = serde_json::to_value(fitting(answer).unwrap()).unwrap();
        let [many, few, own] = answer["photos"].as_array().unwrap().as_slice() else {
            panic!("{answer}");
        };
        assert_eq!(
            many["omitted"],
            "100000 faces: the answer would be larger than Lambda takes"
        );
        assert_eq!(many["annotated"], "s3://b/k_rs.jpg");
        assert_eq!(few["faces"][0]["box"], json!([1000, 2000, 300, 400]));
        assert!(own["skipped"].is_string());
    }

    #[test]
    fn every_task_and_message_keeps_its_code() {
        let tasks = (0..20_000).map(|id| {
            let error = Error::InvalidRequest("\u{1}".repeat(2000));
            (id.to_string(), Err(error))
        });
        let answer = Answer::Batch(batch::batch("2.0".to_owned(), "i".to_owned(), tasks));
        let answer = serde_json::to_value(fitting(answer).unwrap()).unwrap();
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), 20_000);
        for result in results {
            assert_eq!(result["resultCode"], "PermanentFailure");
            let text = result["resultString"].as_str().unwrap();
            assert!(text.starts_with("InvalidRequest"), "{text}");
        }
        let messages = (0..10_000).map(|id| (format!("{id:0100}"), false));
        let answer =
            serde_json::to_value(fitting(Answer::Sqs(sqs(false, messages))).unwrap()).unwrap();
        assert_eq!(
            answer["batchItemFailures"].as_array().map(Vec::len),
            Some(10_000)
        );
        assert_ne!(answer, Value::Null);
    }
}
