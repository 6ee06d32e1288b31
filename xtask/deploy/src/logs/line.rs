//! What a line of a function's log says: about a photo, an error, an invocation, or anything else.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::report_line::Report;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Line {
    Photo(PhotoLine),
    Skipped {
        message: String,
        object: String,
    },
    Failure(FailureLine),
    Report(Report),
    /// Of another function, or of Lambda.
    Other {
        text: String,
    },
    /// It says nothing that others do not.
    Redundant,
}

/// Of a photo that the harness processed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhotoLine {
    pub object: String,
    pub bytes: u64,
    pub format: String,
    pub width: u64,
    pub height: u64,
    /// What is counted, in the plural.
    pub counts: Vec<(String, u64)>,
    /// In milliseconds, in the order in which steps happen.
    pub steps: Vec<(String, f64)>,
    /// Pictures that failed, and why.
    pub picture_errors: Vec<(String, String)>,
}

/// Any line at the level of errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureLine {
    /// The type of the error, or else the message.
    pub name: String,
    pub request_id: Option<String>,
    pub object: Option<String>,
    pub error: Option<String>,
    pub temporary: bool,
    /// The line, if the harness did not write it.
    pub text: Option<String>,
}

/// The harness's messages of errors in photos and events.
const OWN_FAILURES: [&str; 3] = ["the photo failed", "the event failed", "panicked"];
const REDUNDANT_TEXTS: [&str; 4] = ["START RequestId: ", "END RequestId: ", "INIT_START ", "RESTORE_START "];
const REDUNDANT_TYPES: [&str; 6] = [
    "platform.initStart",
    "platform.initRuntimeDone",
    "platform.restoreStart",
    "platform.restoreRuntimeDone",
    "platform.start",
    "platform.runtimeDone",
];
const ERROR_LEVELS: [&str; 3] = ["ERROR", "FATAL", "CRITICAL"];
/// In the order in which steps happen; those of a function are between these.
const FIRST_STEPS: [&str; 2] = ["download", "decode"];
const LAST_STEPS: [&str; 2] = ["annotate", "upload"];
/// Numbers in lines about photos that count nothing.
const NO_COUNTS: [&str; 3] = ["bytes", "width", "height"];

impl Line {
    pub fn parse(text: &str) -> Self {
        let text = text.trim_end();
        if let Some(report) = Report::parse(text) {
            return Self::Report(report);
        }
        if text.is_empty() || REDUNDANT_TEXTS.iter().any(|start| text.starts_with(start)) {
            return Self::Redundant;
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Self::from_json(&fields, text),
            _ => Self::from_text(text),
        }
    }

    /// Of Lambda, `TIME REQUEST-ID Task timed out after 3.00 seconds`, or of any program.
    fn from_text(text: &str) -> Self {
        let Some((start, _)) = text.split_once(" Task timed out after ") else {
            return Self::Other { text: text.to_owned() };
        };
        Self::Failure(FailureLine {
            name: "timeout".to_owned(),
            request_id: start.rsplit(' ').next().map(str::to_owned),
            text: Some(text.to_owned()),
            ..FailureLine::default()
        })
    }

    fn from_json(fields: &Map<String, Value>, text: &str) -> Self {
        let field = |name: &str| fields.get(name).and_then(Value::as_str);
        let other = || Self::Other { text: text.to_owned() };
        if let Some(kind) = field("type").filter(|kind| kind.starts_with("platform.")) {
            let is_success = fields.get("record").is_some_and(|record| record["status"] == "success");
            let is_start = kind == "platform.initReport" || kind == "platform.restoreReport";
            return match REDUNDANT_TYPES.contains(&kind) || (is_start && is_success) {
                true => Self::Redundant,
                false => other(),
            };
        }
        if fields.contains_key("_aws") && fields.contains_key("Photos") && fields.contains_key("FunctionName") {
            return Self::Redundant;
        }
        let message = field("message").unwrap_or_default();
        let object = field("object").map(str::to_owned);
        match (message, object) {
            ("photo", Some(object)) if fields.contains_key("milliseconds") => {
                Self::Photo(PhotoLine::new(object, fields))
            }
            (message, Some(object)) if message.starts_with("skipped: ") => Self::Skipped {
                message: message.to_owned(),
                object,
            },
            (message, object) if field("level").is_some_and(|level| ERROR_LEVELS.contains(&level)) => {
                let error = field("error").or_else(|| field("errorMessage"));
                let is_own = OWN_FAILURES.contains(&message);
                Self::Failure(FailureLine {
                    name: field("errorType").unwrap_or(message).to_owned(),
                    request_id: field("requestId").map(str::to_owned),
                    object,
                    error: error.map(str::to_owned),
                    temporary: fields.get("temporary") == Some(&Value::Bool(true)),
                    text: (!is_own).then(|| text.to_owned()),
                })
            }
            _ => other(),
        }
    }
}

impl PhotoLine {
    fn new(object: String, fields: &Map<String, Value>) -> Self {
        let number = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or_default();
        let counts = fields.iter().filter(|(name, _)| !NO_COUNTS.contains(&name.as_str()));
        let errors = fields
            .iter()
            .filter_map(|(name, value)| Some((name.strip_suffix("Error")?, value)));
        let steps = fields.get("milliseconds").and_then(Value::as_object);
        let steps = steps.into_iter().flatten();
        let mut steps: Vec<_> = steps
            .filter_map(|(name, time)| Some((name.clone(), time.as_f64()?)))
            .collect();
        steps.sort_by_key(|(name, _)| step_order(name));
        Self {
            object,
            bytes: number("bytes"),
            format: fields
                .get("format")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            width: number("width"),
            height: number("height"),
            counts: counts
                .filter_map(|(name, value)| Some((name.clone(), value.as_u64()?)))
                .collect(),
            steps,
            picture_errors: errors
                .map(|(name, value)| (name.to_owned(), error_text(value)))
                .collect(),
        }
    }
}

fn step_order(name: &str) -> usize {
    let place = |steps: &[&str]| steps.iter().position(|step| *step == name);
    let last = || place(&LAST_STEPS).map(|place| FIRST_STEPS.len() + 1 + place);
    place(&FIRST_STEPS).or_else(last).unwrap_or(FIRST_STEPS.len())
}

/// Of an error with a type and a message, or of anything else.
fn error_text(value: &Value) -> String {
    match (value["type"].as_str(), value["message"].as_str(), value.as_str()) {
        (Some(kind), Some(message), _) => format!("{kind}: {message}"),
        (_, _, Some(text)) => text.to_owned(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::report_line::tests::{JSON_COLD, WARM};

    pub(crate) const PHOTO: &str = r#"{"bytes":82140,"eyes":2,"faces":1,"format":"jpeg","height":512,"level":"INFO","message":"photo","milliseconds":{"decode":3.1,"annotate":2.0,"detect":21.7,"download":12.4,"upload":9.5},"object":"s3://photos/in/a.jpg","requestId":"r-1","timestamp":"2026-11-29T15:00:00.123Z","width":512}"#;
    pub(crate) const FAILED: &str = r#"{"error":"there is no object s3://photos/in/b.jpg","errorType":"ObjectNotFound","level":"ERROR","message":"the photo failed","object":"s3://photos/in/b.jpg","requestId":"r-2","temporary":false,"timestamp":"2026-11-29T15:00:01.000Z"}"#;
    pub(crate) const TIMED_OUT: &str =
        "2026-11-29T15:00:03.000Z 13222b1e-f16b-4550-89df-869ab0a9806d Task timed out after 3.00 seconds\n\n";

    #[test]
    fn lines_about_photos_have_counts_and_ordered_steps() {
        let Line::Photo(photo) = Line::parse(PHOTO) else {
            panic!("{:?}", Line::parse(PHOTO));
        };
        assert_eq!((photo.object.as_str(), photo.bytes), ("s3://photos/in/a.jpg", 82140));
        assert_eq!((photo.width, photo.height, photo.format.as_str()), (512, 512, "jpeg"));
        assert_eq!(photo.counts, [("eyes".to_owned(), 2), ("faces".to_owned(), 1)]);
        let steps: Vec<_> = photo.steps.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(steps, ["download", "decode", "detect", "annotate", "upload"]);
        let with_error = PHOTO.replace(
            "\"width\"",
            r#""annotatedError":{"type":"TooLarge","message":"no"},"width""#,
        );
        let Line::Photo(photo) = Line::parse(&with_error) else {
            panic!("{with_error}");
        };
        assert_eq!(
            photo.picture_errors,
            [("annotated".to_owned(), "TooLarge: no".to_owned())]
        );
    }

    #[test]
    fn errors_of_the_harness_and_of_others_have_a_name() {
        let failure = |text: &str| match Line::parse(text) {
            Line::Failure(failure) => failure,
            other => panic!("{other:?}"),
        };
        let own = failure(FAILED);
        assert_eq!(
            (own.name.as_str(), own.object.as_deref()),
            ("ObjectNotFound", Some("s3://photos/in/b.jpg"))
        );
        assert_eq!((own.text, own.temporary), (None, false));
        let panic = failure(r#"{"level":"ERROR","message":"panicked","location":"a.rs:1:2","error":"oh"}"#);
        assert_eq!((panic.name.as_str(), panic.error.as_deref()), ("panicked", Some("oh")));
        let foreign = r#"{"level":"ERROR","message":"no database","requestId":"r"}"#;
        assert_eq!(
            (failure(foreign).name.as_str(), failure(foreign).text.as_deref()),
            ("no database", Some(foreign))
        );
        let timeout = failure(TIMED_OUT);
        assert_eq!(
            timeout.request_id.as_deref(),
            Some("13222b1e-f16b-4550-89df-869ab0a9806d")
        );
        assert_eq!(timeout.text.as_deref(), Some(TIMED_OUT.trim_end()));
    }

    #[test]
    fn lines_of_lambda_are_reports_or_redundant() {
        for text in [WARM, JSON_COLD] {
            assert!(matches!(Line::parse(text), Line::Report(_)), "{text}");
        }
        for text in [
            "START RequestId: a Version: 3\n",
            "END RequestId: a\n",
            "INIT_START Runtime Version: provided:al2023.v1",
            r#"{"type":"platform.start","record":{}}"#,
            r#"{"type":"platform.initReport","record":{"status":"success"}}"#,
            r#"{"_aws":{"CloudWatchMetrics":[]},"FunctionName":"f","Photos":1}"#,
            "\n",
        ] {
            assert_eq!(Line::parse(text), Line::Redundant, "{text}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for text in [
            "plain",
            "INIT_REPORT Init Duration: 154.03 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
            r#"{"type":"platform.initReport","record":{"status":"timeout"}}"#,
            r#"{"level":"INFO","message":"photo","object":"mine"}"#,
            r#"{"_aws":{},"Orders":1}"#,
            "[1, 2]",
        ] {
            assert_eq!(Line::parse(text), Line::Other { text: text.to_owned() });
        }
        let skipped = r#"{"level":"INFO","message":"skipped: it marks a folder","object":"s3://photos/in/"}"#;
        assert!(matches!(Line::parse(skipped), Line::Skipped { object, .. } if object == "s3://photos/in/"));
    }
}
