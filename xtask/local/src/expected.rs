//! What must be found in a photo, and whether an answer says it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::Deserialize;
use serde_json::Value;
use support::files::file_name;

/// What the Python wheel of OpenCV 4.5.5 finds in the sample photos of the SDK, by
/// `detectMultiScale(grey, 1.1, 4)` for faces and `detectMultiScale(face)` for eyes.
const SAMPLES: &str = include_str!("../data/samples-wheel-4.5.5.json");

pub struct ExpectedFaces {
    photos: BTreeMap<String, Photo>,
    /// Where they lie: of photos elsewhere nothing is known, whatever their names. Without it, one that is not named is a
    /// mistake.
    folder: Option<PathBuf>,
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
    pub fn of_samples(folder: &Path) -> Result<Self> {
        Self::parse(SAMPLES, Some(folder.to_owned()))
            .context("failed to read what the samples hold")
    }

    /// What a file says: an object with photos' names, each with `faces`, each with `box` and
    /// `eyes`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text, None).with_context(|| format!("failed to use `{}`", path.display()))
    }

    fn parse(text: &str, folder: Option<PathBuf>) -> Result<Self> {
        let photos = serde_json::from_str(text)?;
        Ok(Self { photos, folder })
    }

    /// Refuses an answer that is none, or that finds something else in `photo` than is known.
    pub fn check(
        &self,
        photo: &Path,
        bucket: &str,
        key: &str,
        function_response: &Value,
    ) -> Result<()> {
        if let (Some(kind), Some(message)) = (
            function_response.get("errorType"),
            function_response.get("errorMessage"),
        ) {
            bail!("the function failed: {kind}: {message}");
        }
        let parsed: Response = serde_json::from_value(function_response.clone())
            .with_context(|| format!("the answer has not the right form: {function_response}"))?;
        let (status, said) = (parsed.status_code, parsed.body.message);
        ensure!(status == 200, "the answer's status is {status}");
        let count = parsed.body.faces.len();
        let message = format!("Find {count} face(s),image saved to s3://{bucket}/{key}_rs.jpg");
        ensure!(said == message, "the message is `{said}`, not `{message}`");
        let name = file_name(photo);
        let elsewhere = |folder: &PathBuf| photo.parent() != Some(folder);
        if self.folder.as_ref().is_some_and(elsewhere) {
            return Ok(());
        }
        let Some(expected) = self.photos.get(&name) else {
            bail!("it is not known what is in {name}");
        };
        let expected = sorted(expected.faces.clone());
        let found = sorted(parsed.body.faces);
        ensure!(
            found == expected,
            "other faces than expected in {name}:\n  found    {found:?}\n  expected {expected:?}"
        );
        Ok(())
    }
}

/// The same faces in the one order: OpenCV's own depends on which thread ends first.
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
            None,
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
                "other faces than expected",
            ),
            (response(&json!([])), "the message is"),
            (
                json!({"errorType": "NotAnImage", "errorMessage": "no"}),
                "the function failed",
            ),
            (json!({"statusCode": 200}), "has not the right form"),
        ] {
            let error = check(&function_response).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
