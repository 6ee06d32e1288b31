//! What the function answers: word for word what the Python original did, and the faces besides.

use serde::Serialize;

use crate::faces::Face;
use crate::request::Request;

/// The answer to an event.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// 200.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// What kind of thing the body is.
    pub headers: Headers,
    /// What was found.
    pub body: Body,
}

/// The answer's headers.
#[derive(Debug, Serialize)]
pub struct Headers {
    /// `application/json`.
    #[serde(rename = "Content-Type")]
    pub content_type: &'static str,
}

/// The answer's body.
#[derive(Debug, Serialize)]
pub struct Body {
    /// For people.
    pub message: String,
    /// Boxes in pixels of the photo, from left to right.
    pub faces: Vec<Face>,
}

impl Answer {
    /// The answer for `faces`, whose annotated photo was written.
    pub fn new(request: &Request, faces: Vec<Face>) -> Self {
        let message = format!(
            "Find {} face(s),image saved to s3://{}/{}",
            faces.len(),
            request.bucket,
            request.annotated_key()
        );
        Self {
            status_code: 200,
            headers: Headers {
                content_type: "application/json",
            },
            body: Body { message, faces },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_is_the_originals_with_faces_besides() {
        let request = Request {
            bucket: "b".into(),
            key: "photo.jpg".into(),
        };
        let face = Face {
            rectangle: [1, 2, 30, 40],
            eyes: vec![[5, 6, 7, 8]],
        };
        let answer = serde_json::to_value(Answer::new(&request, vec![face])).unwrap();
        assert_eq!(
            answer,
            json!({
                "statusCode": 200,
                "headers": {"Content-Type": "application/json"},
                "body": {
                    "message": "Find 1 face(s),image saved to s3://b/photo.jpg_rs.jpg",
                    "faces": [{"box": [1, 2, 30, 40], "eyes": [[5, 6, 7, 8]]}],
                },
            })
        );
    }
}
