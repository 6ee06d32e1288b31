//! HTTP requests: the page, photos, and permissions for pages of other origins.

use std::sync::Arc;

use ::http::Method;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::options::{EnvironmentOptions, Options, OversizedJpeg, Preset, SetBy};
use crate::photo::AnnotationOptions;
use crate::pipeline::Pipeline;
use crate::request::{self, HttpRequest, HttpSender, ResponseFormat};
use crate::response::{self, HttpResponse};
use crate::truncate::truncate;
use crate::vision::Detector;

/// What the form of a response depends on, of any HTTP event, however malformed.
pub(super) struct HttpContext {
    sender: HttpSender,
    origin: Option<String>,
}

impl HttpContext {
    /// `None` for other events.
    pub(super) fn of(event: &Value) -> Option<Self> {
        Some(Self {
            sender: HttpSender::of(event)?,
            origin: request::origin(event),
        })
    }

    /// The response in the format of the service that sent the event.
    pub(super) fn complete(&self, response: HttpResponse, environment_options: &EnvironmentOptions) -> HttpResponse {
        let is_streaming = environment_options.operator_option("stream_responses", |options| options.stream_responses);
        let response = response.to_sender(self.sender.with_streaming(is_streaming.unwrap_or_default()));
        match cors_origins(environment_options) {
            Some(allowed) => response.with_cors(&allowed, self.origin.as_deref()),
            None => response,
        }
    }

    /// The client is not at fault if the options of the environment are invalid already.
    pub(super) fn error(&self, error: &Error, environment_options: &EnvironmentOptions) -> HttpResponse {
        let is_operators_fault = matches!(error, Error::InvalidOption(_)) && options(environment_options, &[]).is_err();
        let status = if is_operators_fault { 500 } else { error.status() };
        let response = response::error_response(status, error.name(), &error.message());
        self.complete(response, environment_options)
    }
}

fn cors_origins(environment_options: &EnvironmentOptions) -> Option<Vec<String>> {
    let origins = environment_options.operator_option("cors_origins", |options| options.cors_origins);
    origins.flatten()
}

fn options(environment_options: &EnvironmentOptions, event_options: &[(String, String)]) -> Result<Options> {
    environment_options.resolve(Preset::Balanced, SetBy::Anyone, event_options)
}

pub(super) async fn respond<D: Detector>(
    http: HttpRequest,
    environment_options: &EnvironmentOptions,
    pipeline: &Pipeline<'_, D>,
) -> Result<HttpResponse> {
    match http.method {
        Method::GET => Ok(page(&http)),
        Method::HEAD => Ok(page(&http).without_body()),
        Method::POST => {
            let options = options(environment_options, &http.options);
            respond_to_photo(http, options, pipeline).await
        }
        Method::OPTIONS if cors_origins(environment_options).is_some() => Ok(response::preflight()),
        _ => {
            let method = truncate(http.method.as_str(), 200);
            let message = format!("the method {method} is not allowed; POST a photo");
            Ok(response::error_response(405, "MethodNotAllowed", &message))
        }
    }
}

async fn respond_to_photo<D: Detector>(
    http: HttpRequest,
    options: Result<Options>,
    pipeline: &Pipeline<'_, D>,
) -> Result<HttpResponse> {
    if http.response_format == ResponseFormat::NotAcceptable {
        let message = "the response to a photo can only be application/json or image/jpeg";
        return Ok(response::error_response(406, "NotAcceptable", message));
    }
    let options = Arc::new(options?);
    let sender = http.sender.with_streaming(options.stream_responses);
    let photo = http.body.photo().await?;
    let lowers_quality = options.output.oversized_jpeg == OversizedJpeg::LowerQuality;
    let annotation = (http.response_format == ResponseFormat::Jpeg).then_some(AnnotationOptions {
        quality: options.output.jpeg_quality,
        max_bytes: lowers_quality.then(|| response::max_jpeg_bytes(sender)),
    });
    let detections = pipeline.process_body(photo, &options, annotation).await?;
    match detections.annotated {
        Some(file) => response::annotated_jpeg(file?, detections.faces.len(), sender, lowers_quality),
        None => Ok(response::json(&detections.into())),
    }
}

/// The page is at any path, because a path can begin with a stage and a mapping of API Gateway, or with a prefix of
/// another proxy, which the event does not tell apart from the rest. Files that browsers and crawlers ask for by
/// themselves, such as `/favicon.ico` and `/.well-known/security`, do not exist. A mapping can be `v1.2`.
fn page(http: &HttpRequest) -> HttpResponse {
    let (_, extension) = http.path.rsplit_once('.').unwrap_or_default();
    let is_file = !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_file || http.path.contains("/.") {
        let path = truncate(&http.path, 200);
        let message = format!("`{path}` does not exist; the page is at any path without a file extension");
        return response::error_response(404, "NotFound", &message);
    }
    response::html_page(http.if_none_match.as_deref())
}
