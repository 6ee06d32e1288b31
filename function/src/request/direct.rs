//! The event of the Python original: `BUCKET_NAME` and `S3_KEY`, from the event or, where it lacks
//! them, from the environment; any event will do then. `options` are ours.

use serde_json::Value;

use super::shape::{Object, unknown};
use crate::error::{Error, Result};
use crate::options::Named;
use crate::text::cut;

/// How much of what was sent an error repeats, in characters.
const QUOTED: usize = 200;

/// What the event asks for; `what` it is if it is no direct one.
pub(super) fn parse(
    event: &Value,
    environment: impl Fn(&str) -> Option<String>,
    what: &str,
) -> Result<(Object, Named)> {
    let (bucket, key) = ("BUCKET_NAME", "S3_KEY");
    let set = |name: &str| environment(name).filter(|text| !text.is_empty());
    let named = |name: &str| event.get(name).is_some_and(|value| !value.is_null());
    if !named(bucket) && !named(key) && (set(bucket).is_none() || set(key).is_none()) {
        return Err(unknown(what));
    }
    let field = |name: &str| match event.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Null) | None => set(name).ok_or_else(|| {
            Error::InvalidRequest(format!(
                "`{name}` is neither in the event nor in the environment"
            ))
        }),
        Some(other) => Err(Error::InvalidRequest(format!(
            "`{name}` is {}, not a name",
            quoted(other)
        ))),
    };
    let object = Object {
        bucket: field(bucket)?,
        key: field(key)?,
        version: None,
    };
    Ok((object, options(event.get("options"))?))
}

fn quoted(value: &Value) -> String {
    cut(&value.to_string(), QUOTED).into_owned()
}

/// An object's fields as options.
pub(super) fn options(object: Option<&Value>) -> Result<Named> {
    let invalid = |what: String| Err(Error::InvalidOption(what));
    let fields = match object {
        None | Some(Value::Null) => return Ok(Named::new()),
        Some(Value::Object(fields)) => fields,
        Some(other) => {
            return invalid(format!("`options` is {}, not an object", quoted(other)));
        }
    };
    let mut named = Named::new();
    for (name, value) in fields {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                let (name, other) = (cut(name, QUOTED), quoted(other));
                return invalid(format!("`{name}` is {other}, not one value"));
            }
        };
        named.push((name.clone(), text));
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(name: &str) -> Option<String> {
        (name == "BUCKET_NAME").then(|| "from-environment".to_owned())
    }

    #[test]
    fn the_event_comes_before_the_environment() {
        let event = json!({
            "BUCKET_NAME": "b", "S3_KEY": "a/photo+1.jpg", "other": 1,
            "options": {"scale_factor": 1.2, "side_faces": true, "preset": "balanced"},
        });
        let (object, options) = parse(&event, variables, "").unwrap();
        // The key is the key: nothing is decoded.
        assert_eq!(
            (object.bucket.as_str(), object.key.as_str()),
            ("b", "a/photo+1.jpg")
        );
        let text = |(name, value): &(String, String)| format!("{name}={value}");
        let mut options: Vec<_> = options.iter().map(text).collect();
        options.sort();
        assert_eq!(
            options,
            ["preset=balanced", "scale_factor=1.2", "side_faces=true"]
        );

        let event = json!({"S3_KEY": "k"});
        let (object, _) = parse(&event, variables, "").unwrap();
        assert_eq!(object.bucket, "from-environment");
    }

    #[test]
    fn any_event_will_do_where_the_environment_has_both() {
        let timer = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
        for event in [json!(null), json!("text"), timer] {
            let (object, _) = parse(&event, |name| Some(name.to_lowercase()), "").unwrap();
            assert_eq!(object.key, "s3_key");
        }
    }

    #[test]
    fn what_is_missing_or_no_name_is_said() {
        for (event, expected) in [
            (json!({"BUCKET_NAME": "b"}), "`S3_KEY` is neither"),
            (json!({"S3_KEY": 7}), "`S3_KEY` is 7, not a name"),
            (json!({"S3_KEY": ""}), "`S3_KEY` is \"\", not a name"),
            (json!({"S3_KEY": "k", "options": [1]}), "`options` is [1]"),
            (
                json!({"S3_KEY": "k", "options": {"preset": []}}),
                "`preset` is []",
            ),
        ] {
            let error = parse(&event, variables, "").unwrap_err().to_string();
            assert!(error.contains(expected), "{event}: {error}");
        }
    }
}
