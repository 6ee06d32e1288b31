//! The event of the Python original: `BUCKET_NAME` and `S3_KEY`, from the event or else from the environment;
//! if both are in the environment, any event is accepted. `options` is an addition of this function.

use serde_json::Value;

use super::common::{Object, PhotoRequest};
use super::event_options::{self, quoted};
use crate::error::{Error, Result};
use crate::options::RawOptions;

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
    Ok((object, event_options::parse(event.get("options"))?))
}

/// The photo of a direct event in another event.
pub(super) fn photo(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Result<PhotoRequest> {
    let (object, options) = parse(event, environment)?;
    Ok(PhotoRequest {
        options: Some(options),
        is_direct: true,
        ..object.into()
    })
}

fn variable(environment: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    environment(name).filter(|text| !text.is_empty())
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
            "options": {"score": 0.7},
        });
        let (object, options) = parse(&event, &variables).unwrap();
        // The key is not decoded.
        assert_eq!((object.bucket.as_str(), object.key.as_str()), ("b", "a/photo+1.jpg"));
        assert_eq!(options, [("score".to_owned(), "0.7".to_owned())]);

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
        ] {
            let error = parse(&event, &variables).unwrap_err().to_string();
            assert!(error.contains(expected), "{event}: {error}");
        }
    }
}
