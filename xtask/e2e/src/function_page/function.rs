//! Direct requests to the function behind the page, for comparison.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::page_state::{Marks, Score};

#[derive(Deserialize)]
struct Found {
    faces: Vec<Face>,
}

#[derive(Deserialize)]
struct Face {
    r#box: [f64; 4],
    score: Option<f64>,
    #[serde(default)]
    landmarks: BTreeMap<String, [f64; 2]>,
    eyes: Vec<[f64; 4]>,
}

/// What the page must draw for the faces that the function finds in a photo.
pub fn expected_marks(url: &str, preset: &str, photo: &[u8]) -> Result<Marks> {
    let url = Url::parse_with_params(url, [("preset", preset)])?;
    let (status, function_response) = post(url.as_str(), photo)?;
    ensure!(status == 200, "status {status}: {function_response}");
    let found: Found = serde_json::from_value(function_response).context("the response has another format")?;
    let faces = &found.faces;
    let score = |face: &Face| {
        Some(Score {
            text: format!("{:.2}", face.score?),
            left: face.r#box[0],
        })
    };
    Ok(Marks {
        faces: faces.iter().map(|face| face.r#box).collect(),
        eyes: faces.iter().flat_map(|face| face.eyes.iter().copied()).collect(),
        landmarks: faces.iter().flat_map(|face| face.landmarks.values().copied()).collect(),
        scores: faces.iter().filter_map(score).collect(),
    })
}

/// The function's error message for a file that is not an image.
pub fn rejection_message(url: &str, no_image: &[u8]) -> Result<String> {
    let (_, function_response) = post(url, no_image)?;
    let message = function_response.pointer("/error/message").and_then(Value::as_str);
    let message = message.with_context(|| format!("an error has no message: {function_response}"))?;
    Ok(message.to_owned())
}

fn post(url: &str, bytes: &[u8]) -> Result<(u16, Value)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let request = agent.post(url).content_type("image/jpeg");
    let mut response = request.header("accept", "application/json").send(bytes)?;
    let text = response.body_mut().read_to_string()?;
    let function_response = serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?;
    Ok((response.status().as_u16(), function_response))
}
