//! The response to a direct event: the exact message of the Python original, plus the faces.

use serde::Serialize;
use serde_json::{Value, json};

use super::outcome::ProcessedPhoto;
use crate::error::ErrorDetails;
use crate::faces::Face;

#[derive(Debug, Serialize)]
pub struct DirectResponse {
    #[serde(rename = "statusCode")]
    status_code: u16,
    headers: Value,
    body: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    message: String,
    faces: Vec<Face>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated_error: Option<ErrorDetails>,
}

pub fn direct(processed: ProcessedPhoto) -> DirectResponse {
    let mut message = format!("Find {} face(s)", processed.faces.len());
    if let Some(url) = processed.annotated {
        message += &format!(",image saved to {url}");
    }
    if let Some(url) = processed.sidecar {
        message += &format!(",faces saved to {url}");
    }
    DirectResponse {
        status_code: 200,
        headers: json!({"Content-Type": "application/json"}),
        body: Body {
            message,
            faces: processed.faces,
            annotated_error: processed.annotated_error,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn response_matches_the_python_original_and_adds_faces() {
        let processed = ProcessedPhoto {
            width: 100,
            height: 50,
            faces: vec![Face {
                rectangle: [1, 2, 30, 40],
                prediction: None,
                eyes: vec![[5, 6, 7, 8]],
            }],
            annotated: Some("s3://b/photo.jpg_rs.jpg".to_owned()),
            annotated_error: None,
            sidecar: None,
        };
        let response = serde_json::to_value(direct(processed)).unwrap();
        assert_eq!(
            response,
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
