//! HTTP requests: the page, photos, and permissions for pages of other origins.

use std::sync::Arc;

use ::http::Method;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::options::{EnvironmentOptions, FunctionOptions, Options, OversizedJpeg, SetBy};
use crate::picture::{PictureFormat, PictureRequest};
use crate::pipeline::Pipeline;
use crate::processor::Processor;
use crate::request::{self, HttpRequest, HttpSender, ResponseFormat};
use crate::response::{self, HttpResponse, ProcessedPhoto};
use crate::truncate::truncate;

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
    pub(super) fn complete<P: Processor>(
        &self,
        response: HttpResponse,
        environment_options: &EnvironmentOptions<P::Options>,
    ) -> HttpResponse {
        let is_streaming =
            environment_options.operator_option("stream_responses", |options| options.common.stream_responses);
        let response = response.to_sender(self.sender.with_streaming(is_streaming.unwrap_or_default()));
        match cors_origins(environment_options) {
            Some(allowed) => response.with_cors::<P::Answer>(&allowed, self.origin.as_deref()),
            None => response,
        }
    }

    /// The client is not at fault if the options of the environment are invalid already.
    pub(super) fn error<P: Processor>(
        &self,
        error: &Error,
        environment_options: &EnvironmentOptions<P::Options>,
    ) -> HttpResponse {
        let is_operators_fault = matches!(error, Error::InvalidOption(_)) && options(environment_options, &[]).is_err();
        let status = if is_operators_fault { 500 } else { error.status() };
        let response = response::error_response(status, error.name(), &error.message());
        self.complete::<P>(response, environment_options)
    }
}

fn cors_origins<O: FunctionOptions>(environment_options: &EnvironmentOptions<O>) -> Option<Vec<String>> {
    let origins = environment_options.operator_option("cors_origins", |options| options.common.cors_origins);
    origins.flatten()
}

fn options<O: FunctionOptions>(
    environment_options: &EnvironmentOptions<O>,
    event_options: &[(String, String)],
) -> Result<Options<O>> {
    environment_options.resolve(O::default(), SetBy::Anyone, event_options)
}

pub(super) async fn respond<P: Processor>(
    http: HttpRequest,
    environment_options: &EnvironmentOptions<P::Options>,
    pipeline: &Pipeline<'_, P>,
) -> Result<HttpResponse> {
    match http.method {
        Method::GET => Ok(page(P::PAGE, &http)),
        Method::HEAD => Ok(page(P::PAGE, &http).without_body()),
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

async fn respond_to_photo<P: Processor>(
    http: HttpRequest,
    options: Result<Options<P::Options>>,
    pipeline: &Pipeline<'_, P>,
) -> Result<HttpResponse> {
    let response_format = http.accept.response_format(P::PICTURE_FORMATS);
    if response_format == ResponseFormat::NotAcceptable {
        return Ok(not_acceptable(P::PICTURE_FORMATS));
    }
    let options = Arc::new(options?);
    let sender = http.sender.with_streaming(options.common.stream_responses);
    let photo = http.body.photo().await?;
    let output = &options.common.output;
    let lowers_quality = output.oversized_jpeg == OversizedJpeg::LowerQuality;
    let ResponseFormat::Picture(format) = response_format else {
        let processed = pipeline.process_body(photo, &options, None).await?;
        return Ok(response::json(&ProcessedPhoto::from(processed)));
    };
    let pictures = PictureRequest {
        format,
        quality: output.jpeg_quality,
        max_bytes: lowers_quality.then(|| response::max_picture_bytes(sender)),
    };
    let processed = pipeline.process_body(photo, &options, Some(pictures)).await?;
    // The function may have chosen other formats.
    let made: Vec<_> = processed.pictures.iter().map(|picture| picture.format).collect();
    let format = http.accept.response_format(&made);
    if format == ResponseFormat::Json {
        return Ok(response::json(&ProcessedPhoto::from(processed)));
    }
    let mut pictures = processed.pictures.into_iter();
    match pictures.find(|picture| format == ResponseFormat::Picture(picture.format)) {
        Some(picture) => response::picture(picture, &processed.answer, sender, lowers_quality),
        None => Ok(not_acceptable(&made)),
    }
}

fn not_acceptable(formats: &[PictureFormat]) -> HttpResponse {
    let kinds = formats.iter().map(|format| format.content_type);
    let kinds: Vec<_> = ["application/json"].into_iter().chain(kinds).collect();
    let message = format!("the response to a photo can only be {}", kinds.join(" or "));
    response::error_response(406, "NotAcceptable", &message)
}

/// The page is at any path, because a path can begin with a stage and a mapping of API Gateway, or with a prefix of
/// another proxy, which the event does not tell apart from the rest. Files that browsers and crawlers ask for by
/// themselves, such as `/favicon.ico` and `/.well-known/security`, do not exist. A mapping can be `v1.2`.
fn page(page: &str, http: &HttpRequest) -> HttpResponse {
    let (_, extension) = http.path.rsplit_once('.').unwrap_or_default();
    let is_file = !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_file || http.path.contains("/.") {
        let path = truncate(&http.path, 200);
        let message = format!("`{path}` does not exist; the page is at any path without a file extension");
        return response::error_response(404, "NotFound", &message);
    }
    response::html_page(page, http.if_none_match.as_deref())
}
