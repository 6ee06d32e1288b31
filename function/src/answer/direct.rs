//! The answer to a direct event: word for word what the Python original said, and the faces
//! besides.

use serde::Serialize;
use serde_json::{Value, json};

use super::outcome::Found;
use crate::error::Problem;
use crate::faces::Face;

#[derive(Debug, Serialize)]
pub struct Direct {
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
    annotated_error: Option<Problem>,
}

pub fn direct(found: Found) -> Direct {
    let mut message = format!("Find {} face(s)", found.faces.len());
    if let Some(url) = found.annotated {
        message += &format!(",image saved to {url}");
    }
    if let Some(url) = found.sidecar {
        message += &format!(",faces saved to {url}");
    }
    Direct {
        status_code: 200,
        headers: json!({"Content-Type": "application/json"}),
        body: Body {
            message,
            faces: found.faces,
            annotated_error: found.annotated_error,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_is_the_originals_with_faces_besides() {
        let found = Found {
            width: 100,
            height: 50,
            faces: vec![Face {
                rectangle: [1, 2, 30, 40],
                eyes: vec![[5, 6, 7, 8]],
            }],
            annotated: Some("s3://b/photo.jpg_rs.jpg".to_owned()),
            annotated_error: None,
            sidecar: None,
        };
        let answer = serde_json::to_value(direct(found)).unwrap();
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
