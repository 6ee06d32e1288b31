//! The parts of an HTTP request in an event of any payload format: 2.0 of function URLs and HTTP APIs, 1.0 of REST and
//! HTTP APIs, that of load balancers, and both of VPC Lattice.
//! Source: Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Lambda proxy
//! integrations in API Gateway"; AWS Lambda Developer Guide, "Invoking Lambda function URLs"; User Guide for
//! Application Load Balancers, "Use Lambda functions as targets"; Amazon VPC Lattice User Guide, "Lambda functions as
//! targets".

use serde_json::Value;

use super::common::{first_text, text};
use crate::options::RawOptions;

/// The service that an HTTP request came through; it determines the form of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpSender {
    /// A function URL or API Gateway: the fields of their responses are the same in both payload formats.
    Gateway,
    /// The same, if the response is streamed. The event does not tell.
    StreamingGateway,
    LoadBalancer {
        /// The target group's attribute `lambda.multi_value_headers.enabled`.
        multi_value_headers: bool,
    },
    Lattice,
}

/// Fields of events that have a method, too, but expect another response than HTTP's: those of API Gateway's authorizers
/// in both formats, and of Bedrock's agents.
/// Source: Amazon API Gateway Developer Guide, "Use API Gateway Lambda authorizers" and "Control access to HTTP APIs
/// with AWS Lambda authorizers"; Amazon Bedrock User Guide, "Configure Lambda functions to send information that an
/// agent elicits".
const OTHER_SENDERS: [&str; 3] = ["methodArn", "routeArn", "actionGroup"];

impl HttpSender {
    /// `is_streaming` is whether function URLs and APIs stream responses.
    #[must_use]
    pub fn with_streaming(self, is_streaming: bool) -> Self {
        match self {
            Self::Gateway if is_streaming => Self::StreamingGateway,
            sender => sender,
        }
    }

    /// The sender of an event over HTTP, in any payload format and however malformed: then every failure must be an
    /// HTTP response. `None` for other events.
    pub fn of(event: &Value) -> Option<Self> {
        let has = |pointer: &str| event.pointer(pointer).is_some_and(|value| !value.is_null());
        if OTHER_SENDERS.iter().any(|name| event.get(name).is_some()) {
            return None;
        }
        if has("/requestContext/elb") {
            let multi_value_headers = has("/multiValueHeaders");
            return Some(Self::LoadBalancer { multi_value_headers });
        }
        if has("/requestContext/targetGroupArn") || has("/raw_path") && has("/method") {
            return Some(Self::Lattice);
        }
        let is_gateway = has("/httpMethod") || has("/requestContext/http") || has("/requestContext/httpMethod");
        is_gateway.then_some(Self::Gateway)
    }
}

pub(super) fn method(event: &Value) -> Option<&str> {
    first_text(
        event,
        &[
            "/requestContext/http/method",
            "/httpMethod",
            "/requestContext/httpMethod",
            "/method",
        ],
    )
}

/// The path, which may begin with a stage or a mapping of API Gateway.
pub(super) fn path(event: &Value) -> &str {
    let path = first_text(event, &["/rawPath", "/path", "/requestContext/http/path", "/raw_path"]);
    // In version 1 of VPC Lattice the query is part of it.
    path.and_then(|path| path.split('?').next()).unwrap_or_default()
}

/// Whether the body is in base64.
pub(super) fn is_body_encoded(event: &Value) -> bool {
    let is_true = |name: &str| event.get(name) == Some(&Value::Bool(true));
    is_true("isBase64Encoded") || is_true("is_base64_encoded")
}

/// The values of a header, separated by commas. Names are not case-sensitive.
pub(super) fn header(event: &Value, name: &str) -> Option<String> {
    let find = |headers: &str| {
        let headers = event.get(headers)?.as_object()?;
        let found = headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<_> = found.flat_map(|(_, values)| texts(values)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    find("multiValueHeaders").or_else(|| find("headers"))
}

/// The parameters of the query, decoded.
pub(super) fn query(event: &Value, sender: HttpSender) -> RawOptions {
    if let Some(query) = text(event, "/rawQueryString") {
        return form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    }
    let fields = |name: &str| event.get(name).and_then(Value::as_object);
    let names = [
        "multiValueQueryStringParameters",
        "queryStringParameters",
        "query_string_parameters",
    ];
    let parameters = names.iter().find_map(|name| fields(name));
    // API Gateway decodes parameters, load balancers do not. What VPC Lattice does is not documented; to decode them
    // twice does not change the options that are possible over HTTP.
    let is_encoded = matches!(sender, HttpSender::LoadBalancer { .. } | HttpSender::Lattice);
    let mut options = RawOptions::new();
    for (name, values) in parameters.into_iter().flatten() {
        for value in texts(values) {
            if is_encoded {
                let parameter = format!("{name}={value}");
                options.extend(form_urlencoded::parse(parameter.as_bytes()).into_owned());
            } else {
                options.push((name.clone(), value.to_owned()));
            }
        }
    }
    options
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn malformed_http_events_are_recognized_as_http() {
        for event in [
            json!({"requestContext": {"http": 1}}),
            json!({"version": "1.0", "requestContext": {"httpMethod": "POST"}}),
            json!({"httpMethod": "POST"}),
        ] {
            assert_eq!(HttpSender::of(&event), Some(HttpSender::Gateway), "{event}");
        }
        for event in [
            json!(null),
            json!([1]),
            json!({"Records": [{"eventSource": "aws:sqs"}], "requestContext": null}),
            json!({"BUCKET_NAME": "b", "S3_KEY": "k"}),
            json!({"requestContext": {"functionArn": "a"}, "requestPayload": {}}),
            json!({"methodArn": "a", "httpMethod": "GET", "requestContext": {"httpMethod": "GET"}}),
            json!({"requestContext": {"connectionId": "a", "eventType": "CONNECT"}}),
            json!({"requestContext": 1}),
        ] {
            assert_eq!(HttpSender::of(&event), None, "{event}");
        }
    }

    #[test]
    fn load_balancers_are_recognized_with_their_kind_of_headers() {
        let mut event = json!({"requestContext": {"elb": {}}, "httpMethod": "GET", "headers": {}});
        let sender = |multi_value_headers| Some(HttpSender::LoadBalancer { multi_value_headers });
        assert_eq!(HttpSender::of(&event), sender(false));
        event["multiValueHeaders"] = json!({});
        assert_eq!(HttpSender::of(&event), sender(true));
    }

    #[test]
    fn only_gateways_stream() {
        assert_eq!(HttpSender::Gateway.with_streaming(true), HttpSender::StreamingGateway);
        let load_balancer = HttpSender::LoadBalancer {
            multi_value_headers: false,
        };
        for sender in [load_balancer, HttpSender::Lattice] {
            assert_eq!(sender.with_streaming(true), sender);
        }
    }

    #[test]
    fn headers_of_every_format_are_found_in_any_case() {
        for event in [
            json!({"headers": {"accept": "a, b"}}),
            json!({"headers": {"ACCEPT": "a, b"}, "multiValueHeaders": null}),
            json!({"headers": {"Accept": "b"}, "multiValueHeaders": {"Accept": ["a", "b"]}}),
            json!({"headers": {"Accept": "a, b"}, "multiValueHeaders": {"Content-Type": ["image/png"]}}),
        ] {
            assert_eq!(header(&event, "accept").as_deref(), Some("a, b"), "{event}");
        }
        for event in [
            json!(null),
            json!({"headers": 1}),
            json!({"headers": {"accept": 1, "a b": "c"}}),
        ] {
            assert_eq!(header(&event, "accept"), None, "{event}");
        }
    }

    #[test]
    fn query_of_every_format_is_decoded() {
        let elb = json!({"elb": {}});
        for (event, expected) in [
            (
                json!({"rawQueryString": "preset=fast&min_face=4%30"}),
                "preset=fast min_face=40",
            ),
            (json!({"rawQueryString": "", "queryStringParameters": null}), ""),
            (json!({"queryStringParameters": {"a": "1+%30"}}), "a=1+%30"),
            (
                json!({"queryStringParameters": {"a": "2"}, "multiValueQueryStringParameters": {"a": ["1", "2"]}}),
                "a=1 a=2",
            ),
            (
                json!({"queryStringParameters": {"%61": "1%2B%30"}, "requestContext": elb}),
                "a=1+0",
            ),
            (
                json!({"multiValueQueryStringParameters": {"a": ["%31", "2"]}, "requestContext": elb}),
                "a=1 a=2",
            ),
            (json!({"queryStringParameters": 1}), ""),
        ] {
            let found = query(&event, HttpSender::of(&event).unwrap_or(HttpSender::Gateway));
            let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(found.join(" "), expected, "{event}");
        }
    }
}
