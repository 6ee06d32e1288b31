//! Compares a function's response with the faces that must be found in a photo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::Deserialize;
use serde_json::Value;
use support::files::file_name;

/// The detections of the Python wheel of OpenCV 4.5.5 in the sample photos of the SDK and the project, by
/// `detectMultiScale(grey, 1.1, 4)` for faces and `detectMultiScale(face)` for eyes.
const SAMPLES: &str = include_str!("../data/samples-wheel-4.5.5.json");

pub struct ExpectedFaces {
    photos: BTreeMap<String, Photo>,
    /// The photos' folders: photos in other folders are not checked, even if their names match. If the list is empty, a
    /// photo that is not in `photos` is an error.
    folders: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Photo {
    faces: Vec<Face>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Face {
    #[serde(rename = "box")]
    rectangle: [i32; 4],
    eyes: Vec<[i32; 4]>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "statusCode")]
    status_code: u16,
    body: Body,
}

#[derive(Deserialize)]
struct Body {
    message: String,
    faces: Vec<Face>,
}

impl ExpectedFaces {
    pub fn of_samples(folders: [&Path; 2]) -> Result<Self> {
        Self::parse(SAMPLES, folders.map(Path::to_owned).to_vec()).context("failed to read the samples' expected faces")
    }

    /// Reads a JSON object: the names of photos, each with `faces`, each with `box` and `eyes`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text, Vec::new()).with_context(|| format!("failed to use `{}`", path.display()))
    }

    fn parse(text: &str, folders: Vec<PathBuf>) -> Result<Self> {
        let photos = serde_json::from_str(text)?;
        Ok(Self { photos, folders })
    }

    /// # Errors
    /// The response is an error or malformed, or its faces in `photo` are not those expected.
    pub fn check(&self, photo: &Path, bucket: &str, key: &str, function_response: &Value) -> Result<()> {
        if let (Some(kind), Some(message)) = (
            function_response.get("errorType"),
            function_response.get("errorMessage"),
        ) {
            bail!("the function failed: {kind}: {message}");
        }
        let parsed: Response = serde_json::from_value(function_response.clone())
            .with_context(|| format!("the response is malformed: {function_response}"))?;
        let (status, actual) = (parsed.status_code, parsed.body.message);
        ensure!(status == 200, "the response's status is {status}");
        let count = parsed.body.faces.len();
        let message = format!("Find {count} face(s),image saved to s3://{bucket}/{key}_rs.jpg");
        ensure!(actual == message, "the message is `{actual}`, not `{message}`");
        let name = file_name(photo);
        let in_folder = |folder: &PathBuf| photo.parent() == Some(folder);
        if !self.folders.is_empty() && !self.folders.iter().any(in_folder) {
            return Ok(());
        }
        let Some(expected) = self.photos.get(&name) else {
            bail!("no expected faces are listed for {name}");
        };
        let expected = sorted(expected.faces.clone());
        let found = sorted(parsed.body.faces);
        ensure!(
            found == expected,
            "unexpected faces in {name}:\n  found    {found:?}\n  expected {expected:?}"
        );
        Ok(())
    }
}

/// OpenCV's order depends on which thread ends first.
fn sorted(mut faces: Vec<Face>) -> Vec<Face> {
    for face in &mut faces {
        face.eyes.sort_unstable();
    }
    faces.sort_unstable();
    faces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(function_response: &Value) -> Result<()> {
        let expected = ExpectedFaces::parse(
            r#"{"a.jpg": {"faces": [{"box": [1, 2, 3, 4], "eyes": [[5, 6, 7, 8], [1, 1, 1, 1]]}]}}"#,
            Vec::new(),
        )?;
        expected.check(Path::new("/photos/a.jpg"), "b", "a.jpg", function_response)
    }

    fn response(faces: &Value) -> Value {
        json!({
            "statusCode": 200,
            "body": {
                "message": "Find 1 face(s),image saved to s3://b/a.jpg_rs.jpg",
                "faces": faces,
            },
        })
    }

    #[test]
    fn faces_match_in_any_order() {
        let faces = json!([{"box": [1, 2, 3, 4], "eyes": [[1, 1, 1, 1], [5, 6, 7, 8]]}]);
        check(&response(&faces)).unwrap();
    }

    #[test]
    fn other_responses_are_rejected() {
        for (function_response, expected) in [
            (
                response(&json!([{"box": [1, 2, 3, 5], "eyes": []}])),
                "unexpected faces",
            ),
            (response(&json!([])), "the message is"),
            (
                json!({"errorType": "NotAnImage", "errorMessage": "no"}),
                "the function failed",
            ),
            (json!({"statusCode": 200}), "is malformed"),
        ] {
            let error = check(&function_response).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
