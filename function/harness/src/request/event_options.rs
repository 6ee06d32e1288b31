//! The options in an event: a JSON object with the names and values of options.

use serde_json::Value;

use super::common::MAX_QUOTED_CHARS;
use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

/// More than all options that an event can set need, in bytes of their names and values. Each photo of an event can get
/// a copy.
const MAX_BYTES: usize = 2048;

/// Without an object, or with null instead of it, there are no options.
pub(super) fn parse(object: Option<&Value>) -> Result<RawOptions> {
    let invalid = |reason: String| Err(Error::InvalidOption(reason));
    let fields = match object {
        None | Some(Value::Null) => return Ok(RawOptions::new()),
        Some(Value::Object(fields)) => fields,
        Some(other) => {
            return invalid(format!("`options` is {}, not an object", quoted(other)));
        }
    };
    let mut options = RawOptions::new();
    let mut bytes = 0;
    for (name, value) in fields {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                let (name, other) = (truncate(name, MAX_QUOTED_CHARS), quoted(other));
                return invalid(format!("`{name}` is {other}, not a string, number or boolean"));
            }
        };
        bytes += name.len() + text.len();
        if bytes > MAX_BYTES {
            let name = truncate(name, MAX_QUOTED_CHARS);
            return invalid(format!("the options up to `{name}` have more than {MAX_BYTES} bytes"));
        }
        options.push((name.clone(), text));
    }
    Ok(options)
}

/// The start of a value, for an error.
pub(super) fn quoted(value: &Value) -> String {
    truncate(&value.to_string(), MAX_QUOTED_CHARS).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_text() {
        let object = json!({"score": 0.7, "loop_guard": true, "preset": "balanced"});
        let mut options = parse(Some(&object)).unwrap();
        options.sort();
        let text = |(name, value): &(String, String)| format!("{name}={value}");
        let options: Vec<_> = options.iter().map(text).collect();
        assert_eq!(options, ["loop_guard=true", "preset=balanced", "score=0.7"]);
        assert!(parse(None).unwrap().is_empty() && parse(Some(&Value::Null)).unwrap().is_empty());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (object, expected) in [
            (json!([1]), "`options` is [1], not an object"),
            (json!({"preset": []}), "`preset` is []"),
            (
                json!({"output_key": "k".repeat(9000)}),
                "the options up to `output_key`",
            ),
        ] {
            let error = parse(Some(&object)).unwrap_err();
            assert_eq!(error.name(), "InvalidOption");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
