//! The output of `cargo xtask test-local`: each request with its answer, and what the function wrote, which is saved.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use serde::Serialize;
use serde_json::Value;
use support::files::file_name;
use support::output::{CommandOutput, display_path, format_bytes};

use crate::engine::Engine;
use crate::local_lambda::LocalLambda;
use crate::request::{Answer, FunctionRequest, RequestKind};

#[derive(Serialize)]
pub struct TestLocalOutput {
    pub(super) architecture: Architecture,
    pub(super) engine: Engine,
    /// The program that emulates the architecture: times are not those of a processor then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) emulated_by: Option<String>,
    pub(super) cold_ms: f64,
    pub(super) warm_ms: f64,
    pub(super) results: Vec<RequestOutput>,
    #[serde(skip)]
    pub(super) image_bytes: u64,
}

#[derive(Default, Serialize)]
pub(super) struct RequestOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<PathBuf>,
    /// The status and the content type of a response by HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    milliseconds: f64,
    response: Value,
    /// What the function wrote to S3, or a response that is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated: Option<PathBuf>,
}

/// The name of the file in the results' folder, if the request may save one.
pub(super) fn saved_name(request: &FunctionRequest) -> Option<String> {
    match &request.kind {
        RequestKind::Event { .. } => None,
        RequestKind::Http(file) => Some(format!("{}.response", file_name(file))),
        RequestKind::Photo { result, .. } => result.as_ref().map(|(_, key)| file_name(Path::new(key))),
    }
}

impl RequestOutput {
    /// Saves what the function wrote.
    pub(super) fn new(
        lambda: &LocalLambda,
        request: &FunctionRequest,
        answer: Answer,
        milliseconds: f64,
    ) -> Result<Self> {
        let mut output = Self {
            milliseconds,
            response: answer.value,
            ..Self::default()
        };
        let file = request.file().to_owned();
        let saved = saved_name(request).map(|name| lambda.results.join(name));
        match &request.kind {
            RequestKind::Event { .. } => output.event = Some(file),
            RequestKind::Http(_) => output.http = Some(file),
            RequestKind::Photo { result, .. } => {
                if let (Some((bucket, key)), Some(path)) = (result, &saved) {
                    save_result(lambda, bucket, key, path)?;
                    output.annotated = Some(path.clone());
                }
                output.photo = Some(file);
            }
        }
        if let Some(http) = answer.http {
            let is_json = serde_json::from_slice::<Value>(&http.body).is_ok();
            if let Some(path) = saved.filter(|_| !is_json) {
                fs::write(&path, &http.body)?;
                output.response = format!("{} bytes", http.body.len()).into();
                output.annotated = Some(path);
            }
            output.status = Some(http.status);
            output.content_type = Some(http.content_type);
        }
        Ok(output)
    }
}

/// Saves an object that the function wrote.
fn save_result(lambda: &LocalLambda, bucket: &str, key: &str, path: &Path) -> Result<()> {
    let content = lambda.storage.get(bucket, key)?;
    let is_jpeg = Path::new(key).extension().is_some_and(|extension| extension == "jpg");
    ensure!(
        !is_jpeg || content.starts_with(&[0xff, 0xd8]),
        "the function wrote s3://{bucket}/{key}, which is not a JPEG file"
    );
    fs::write(path, content)?;
    Ok(())
}

impl CommandOutput for TestLocalOutput {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for result in &self.results {
            let request = [&result.photo, &result.event, &result.http].into_iter().flatten();
            text += &request.map(|file| display_path(file)).collect::<String>();
            text += &format!("\n  response   {}", result.response);
            if let (Some(status), Some(content_type)) = (result.status, &result.content_type) {
                text += &format!("\n  status     {status}, {content_type}");
            }
            if let Some(file) = &result.annotated {
                let what = if result.http.is_some() {
                    "saved    "
                } else {
                    "annotated"
                };
                text += &format!("\n  {what}  {}", display_path(file));
            }
            text += &format!("\n  time       {} ms\n", result.milliseconds);
        }
        if let Some(emulator) = &self.emulated_by {
            text += &format!(
                "{} is emulated by {emulator}, which is slow. ",
                self.architecture.lambda_name()
            );
        }
        text += &format!(
            "Engine {}: first response {} ms after the start, then {} ms; the image is {}.",
            self.engine,
            self.cold_ms,
            self.warm_ms,
            format_bytes(self.image_bytes),
        );
        text
    }
}
