//! The response to a direct event. Its form and the parts of its message are those of the Python original.

use serde::Serialize;
use serde_json::{Value, json};

use super::outcome::{Pictures, ProcessedPhoto};
use crate::answer::{Answer, plural};

#[derive(Debug, Serialize)]
pub struct DirectResponse<A> {
    #[serde(rename = "statusCode")]
    status_code: u16,
    headers: Value,
    body: Body<A>,
}

#[derive(Debug, Serialize)]
struct Body<A> {
    message: String,
    #[serde(flatten)]
    answer: A,
    /// Only errors: the message has the URLs.
    #[serde(flatten)]
    pictures: Pictures,
}

pub fn direct<A: Answer>(mut processed: ProcessedPhoto<A>) -> DirectResponse<A> {
    let mut message = processed.answer.message();
    for (_, url) in &processed.pictures.0 {
        if let Ok(url) = url {
            message += &format!(",image saved to {url}");
        }
    }
    if let Some(url) = processed.sidecar {
        message += &format!(",{} saved to {url}", plural::<A>());
    }
    if let Some(url) = processed.moved {
        message += &format!(",photo moved to {url}");
    }
    processed.pictures.omit_urls();
    DirectResponse {
        status_code: 200,
        headers: json!({"Content-Type": "application/json"}),
        body: Body {
            message,
            answer: processed.answer,
            pictures: processed.pictures,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Things, processed_photo};
    use super::*;
    use crate::error::{Error, ErrorDetails};

    #[test]
    fn response_has_the_message_the_answer_and_errors_of_pictures() {
        let mut processed = processed_photo(1);
        let error = ErrorDetails::from(&Error::InternalError);
        processed.pictures.0.push(("other".into(), Err(error)));
        processed.sidecar = Some("s3://b/k.json".to_owned());
        processed.moved = Some("s3://b/bad/k".to_owned());
        let response = serde_json::to_value(direct(processed)).unwrap();
        let message = "1 thing(s), 2 part(s),image saved to s3://b/k_rs.jpg,things saved to s3://b/k.json,\
                       photo moved to s3://b/bad/k";
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["headers"], json!({"Content-Type": "application/json"}));
        let body = &response["body"];
        assert_eq!(body["message"], message);
        assert_eq!(body["things"], json!(Things::new(1).things));
        assert_eq!(body["other_error"]["type"], "InternalError");
        assert_eq!(body.get("annotated"), None);
    }
}
