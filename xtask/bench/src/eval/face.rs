//! A detected face, in the form of the function's responses and of the reference programs.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::score::Rectangle;

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Face {
    #[serde(rename = "box")]
    pub rectangle: Rectangle,
    /// From 0 to 1; none for cascades.
    pub score: Option<f64>,
    pub landmarks: Option<Landmarks>,
}

/// Points x, y in pixels.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Landmarks {
    right_eye: [f64; 2],
    left_eye: [f64; 2],
    nose: [f64; 2],
    right_mouth_corner: [f64; 2],
    left_mouth_corner: [f64; 2],
}

impl Face {
    pub fn list(faces: &[Value]) -> Result<Vec<Self>> {
        let parse =
            |face: &Value| serde_json::from_value(face.clone()).with_context(|| format!("{face} is not a face"));
        faces.iter().map(parse).collect()
    }
}

impl Landmarks {
    pub fn points(&self) -> [[f64; 2]; 5] {
        [
            self.right_eye,
            self.left_eye,
            self.nose,
            self.right_mouth_corner,
            self.left_mouth_corner,
        ]
    }
}

/// Those of `faces` with at least `score`, and those without a score.
pub fn with_min_score(mut faces: Vec<Face>, score: f64) -> Vec<Face> {
    faces.retain(|face| face.score.is_none_or(|of_face| of_face >= score));
    faces
}

pub fn rectangles(faces: &[Face]) -> Vec<Rectangle> {
    faces.iter().map(|face| face.rectangle).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faces_with_and_without_scores_are_read() {
        let point = json!([1.5, 2.0]);
        let faces = [
            json!({"box": [1, 2, 3, 4], "eyes": [[1, 1, 1, 1]]}),
            json!({"box": [1.5, 2, 3, 4], "score": 0.9, "eyes": [], "landmarks": {
                "right_eye": point, "left_eye": point, "nose": point, "right_mouth_corner": point,
                "left_mouth_corner": [3, 4],
            }}),
            json!({"box": [1, 2, 3, 4], "score": 0.7}),
        ];
        let faces = Face::list(&faces).unwrap();
        assert_eq!((faces[0].score, &faces[0].landmarks), (None, &None));
        let points = faces[1].landmarks.as_ref().map(Landmarks::points).unwrap();
        assert_eq!(format!("{:?}", points[4]), "[3.0, 4.0]");
        let certain = with_min_score(faces.clone(), 0.8);
        assert_eq!(certain, faces[..2]);
        assert_eq!(rectangles(&certain).len(), 2);
    }

    #[test]
    fn what_is_not_a_face_is_an_error() {
        let error = Face::list(&[json!({"box": [1, 2, 3]})]).unwrap_err();
        assert!(format!("{error:#}").contains("[1,2,3]"), "{error:#}");
    }
}
