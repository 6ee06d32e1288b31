//! What a function may answer, and which of its pictures is sent over HTTP.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::picture::{PictureFile, PictureFormat};
use crate::pipeline::tests::png;
use crate::processor::StepTimes;

/// Has an answer for each photo, and pictures whose content is the extension.
struct Painter {
    answer: Value,
    formats: Vec<PictureFormat>,
}

impl Processor for Painter {
    type Options = ();
    type Answer = Value;

    const PICTURE_FORMATS: &'static [PictureFormat] = &[PictureFormat::JPEG, PictureFormat::PNG, PictureFormat::WEBP];

    fn process(&self, _: &[u8], header: &Header, task: &Task<()>) -> Result<Processed<Value>, PhotoError> {
        let picture = |format: &PictureFormat| PictureFile {
            name: "painted".into(),
            format: *format,
            content: Ok(Bytes::from_static(format.extension.as_bytes())),
        };
        let pictures = task.pictures.map(|_| self.formats.iter().map(picture).collect());
        Ok(Processed {
            width: header.width,
            height: header.height,
            answer: self.answer.clone(),
            pictures: pictures.unwrap_or_default(),
            times: StepTimes::default(),
        })
    }
}

/// The response to a photo that is posted.
async fn post(painter: Painter, accept: &str) -> Value {
    let event = json!({
        "version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "POST", "path": "/"}},
        "headers": {"accept": accept}, "body": STANDARD.encode(png(1, 0)), "isBase64Encoded": true,
    });
    let handler = Handler::new(painter, EnvironmentOptions::from_variables([]), Machine::default());
    let deadline = Deadline::after(Duration::from_secs(30));
    let response = handler.handle(Event(Ok(event)), String::new(), deadline).await;
    serde_json::to_value(response.unwrap()).unwrap()
}

#[tokio::test]
async fn first_picture_in_the_preferred_format_is_sent() {
    let (jpeg, png) = (PictureFormat::JPEG, PictureFormat::PNG);
    for (formats, accept, expected) in [
        (vec![png, jpeg, jpeg], "image/jpeg", jpeg),
        (vec![png, jpeg], "image/png", png),
        (vec![png, jpeg], "image/*", png),
        (vec![png], "image/jpeg, image/*;q=0.5", png),
        (vec![png], "image/webp, image/png;q=0.5, application/json;q=0.1", png),
    ] {
        let answer = json!({});
        let response = post(Painter { answer, formats }, accept).await;
        assert_eq!(response["headers"]["content-type"], expected.content_type, "{response}");
        assert_eq!(response["body"], STANDARD.encode(expected.extension), "{response}");
    }
    for (formats, accept, status, content) in [
        (
            vec![png, jpeg],
            "image/webp",
            406,
            "application/json or image/png or image/jpeg",
        ),
        (vec![], "image/jpeg", 406, "can only be application/json"),
        (vec![png], "image/jpeg, application/json;q=0.1", 200, "\"sharpness\":1"),
    ] {
        let answer = json!({"sharpness": 1});
        let response = post(Painter { answer, formats }, accept).await;
        assert_eq!(response["statusCode"], status, "{response}");
        assert!(response["body"].as_str().unwrap().contains(content), "{response}");
    }
}

#[tokio::test]
async fn answer_that_cannot_be_part_of_a_response_is_an_error() {
    for (answer, status) in [
        (json!({"sharpness": 1}), 200),
        (json!({"width": 1}), 500),
        (json!([]), 500),
    ] {
        let formats = Vec::new();
        let response = post(Painter { answer, formats }, "application/json").await;
        assert_eq!(response["statusCode"], status, "{response}");
        let body = response["body"].as_str().unwrap();
        assert_eq!(body.contains("InvalidAnswer"), status == 500, "{response}");
    }
}
