//! Streamed responses over HTTP, for function URLs and APIs that invoke the function in streaming mode: without base64,
//! and of up to 200 MB.
//! Source: AWS Lambda Developer Guide, "Response streaming for Lambda functions"; Amazon API Gateway Developer Guide,
//! "Set up a Lambda proxy integration with payload response streaming".

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use lambda_runtime::{FunctionResponse, MetadataPrelude, StreamResponse, streaming};

use super::http::{Body, HttpResponse};
use super::size_limit::Response;
use crate::request::HttpSender;

impl<A> From<Response<A>> for FunctionResponse<Response<A>, streaming::Body> {
    /// Streams a response if its sender does.
    fn from(response: Response<A>) -> Self {
        match response {
            Response::Http(response) if response.sender == HttpSender::StreamingGateway => {
                Self::StreamingResponse(stream(response))
            }
            response => Self::BufferedResponse(response),
        }
    }
}

/// The status and headers, and the body.
fn stream(response: HttpResponse) -> StreamResponse<streaming::Body> {
    let body = match response.body {
        Body::Text(text) | Body::Base64(text) => Bytes::from(text),
        Body::Binary(bytes) => bytes,
    };
    let header = |(name, text): (&String, &String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(text).ok()?))
    };
    StreamResponse {
        metadata_prelude: MetadataPrelude {
            status_code: StatusCode::from_u16(response.status).unwrap_or_default(),
            headers: response.headers.iter().filter_map(header).collect(),
            cookies: Vec::new(),
        },
        stream: streaming::Body::from(body),
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::{error_response, picture};
    use super::super::tests::Things;
    use super::super::{limit_size, sqs};
    use super::*;
    use crate::picture::{PictureFile, PictureFormat};

    #[tokio::test]
    async fn only_streaming_senders_get_streams() {
        let sender = HttpSender::StreamingGateway;
        // More than the limit of other responses.
        let photo = Bytes::from(vec![7; 7_000_000]);
        let file = PictureFile {
            name: "annotated".into(),
            format: PictureFormat::JPEG,
            content: Ok(photo.clone()),
        };
        for (response, status, kind, body) in [
            (
                picture(file, &Things::new(3), sender, false).unwrap(),
                200,
                "image/jpeg",
                photo,
            ),
            (
                error_response(404, "NotFound", "no"),
                404,
                "application/json",
                r#"{"error":{"message":"no","type":"NotFound"}}"#.into(),
            ),
        ] {
            let response = limit_size(Response::<Things>::Http(response.to_sender(sender)), "").unwrap();
            let FunctionResponse::StreamingResponse(found) = FunctionResponse::from(response) else {
                panic!("{kind} is not streamed");
            };
            assert_eq!(found.metadata_prelude.status_code, status);
            assert_eq!(found.metadata_prelude.headers["content-type"], kind);
            assert_eq!(found.stream.collect().await.unwrap().to_bytes(), body);
        }
        let buffered = [
            Response::<Things>::Sqs(sqs(false, [])),
            Response::Http(error_response(404, "NotFound", "no")),
        ];
        for response in buffered {
            let response = FunctionResponse::from(response);
            assert!(matches!(response, FunctionResponse::BufferedResponse(_)));
        }
    }
}
