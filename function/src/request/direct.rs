//! The event of the Python original: `BUCKET_NAME` and `S3_KEY`, from the event or else from the environment;
//! if both are in the environment, any event is accepted. `options` is an addition of this function.

use serde_json::Value;

use super::common::{Object, PhotoRequest};
use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

/// Errors quote the input up to this length.
const MAX_QUOTED_CHARS: usize = 200;
const BUCKET: &str = "BUCKET_NAME";
const KEY: &str = "S3_KEY";

/// Whether the event itself names the bucket or the key.
pub(super) fn is_direct(event: &Value) -> bool {
    let has_field = |name: &str| event.get(name).is_some_and(|value| !value.is_null());
    has_field(BUCKET) || has_field(KEY)
}

/// Whether the environment names the photo, so that any event is a direct one.
pub(super) fn is_in_environment(environment: &dyn Fn(&str) -> Option<String>) -> bool {
    variable(environment, BUCKET).is_some() && variable(environment, KEY).is_some()
}

pub(super) fn parse(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Result<(Object, RawOptions)> {
    let field = |name: &str| match event.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Null) | None => variable(environment, name)
            .ok_or_else(|| Error::InvalidRequest(format!("`{name}` is neither in the event nor in the environment"))),
        Some(other) => Err(Error::InvalidRequest(format!(
            "`{name}` is {}, not a non-empty string",
            quoted(other)
        ))),
    };
    let object = Object {
        bucket: field(BUCKET)?,
        key: field(KEY)?,
        version_id: None,
    };
    Ok((object, parse_options(event.get("options"))?))
}

/// The photo of a direct event in another event.
pub(super) fn photo(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Result<PhotoRequest> {
    let (object, options) = parse(event, environment)?;
    Ok(PhotoRequest {
        object,
        direct_options: Some(options),
    })
}

fn variable(environment: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    environment(name).filter(|text| !text.is_empty())
}

fn quoted(value: &Value) -> String {
    truncate(&value.to_string(), MAX_QUOTED_CHARS).into_owned()
}

/// The fields of a JSON object as options.
pub(super) fn parse_options(object: Option<&Value>) -> Result<RawOptions> {
    let invalid = |reason: String| Err(Error::InvalidOption(reason));
    let fields = match object {
        None | Some(Value::Null) => return Ok(RawOptions::new()),
        Some(Value::Object(fields)) => fields,
        Some(other) => {
            return invalid(format!("`options` is {}, not an object", quoted(other)));
        }
    };
    let mut options = RawOptions::new();
    for (name, value) in fields {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                let (name, other) = (truncate(name, MAX_QUOTED_CHARS), quoted(other));
                return invalid(format!("`{name}` is {other}, not a string, number or boolean"));
            }
        };
        options.push((name.clone(), text));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(name: &str) -> Option<String> {
        (name == "BUCKET_NAME").then(|| "from-environment".to_owned())
    }

    #[test]
    fn event_takes_precedence_over_the_environment() {
        let event = json!({
            "BUCKET_NAME": "b", "S3_KEY": "a/photo+1.jpg", "other": 1,
            "options": {"score": 0.7, "loop_guard": true, "preset": "balanced"},
        });
        let (object, options) = parse(&event, &variables).unwrap();
        // The key is not decoded.
        assert_eq!((object.bucket.as_str(), object.key.as_str()), ("b", "a/photo+1.jpg"));
        let text = |(name, value): &(String, String)| format!("{name}={value}");
        let mut options: Vec<_> = options.iter().map(text).collect();
        options.sort();
        assert_eq!(options, ["loop_guard=true", "preset=balanced", "score=0.7"]);

        let event = json!({"S3_KEY": "k"});
        let (object, _) = parse(&event, &variables).unwrap();
        assert_eq!(object.bucket, "from-environment");
    }

    #[test]
    fn any_event_is_accepted_if_the_environment_names_the_photo() {
        let timer = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
        for event in [json!(null), json!("text"), timer] {
            let environment = |name: &str| Some(name.to_lowercase());
            assert!(!is_direct(&event) && is_in_environment(&environment));
            let (object, _) = parse(&event, &environment).unwrap();
            assert_eq!(object.key, "s3_key");
        }
    }

    #[test]
    fn missing_or_invalid_fields_are_named() {
        for (event, expected) in [
            (json!({"BUCKET_NAME": "b"}), "`S3_KEY` is neither"),
            (json!({"S3_KEY": 7}), "`S3_KEY` is 7, not a non-empty"),
            (json!({"S3_KEY": ""}), "`S3_KEY` is \"\", not a non-empty"),
            (json!({"S3_KEY": "k", "options": [1]}), "`options` is [1]"),
            (json!({"S3_KEY": "k", "options": {"preset": []}}), "`preset` is []"),
        ] {
            let error = parse(&event, &variables).unwrap_err().to_string();
            assert!(error.contains(expected), "{event}: {error}");
        }
    }
}
