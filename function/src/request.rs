//! Which photo an event asks for: `BUCKET_NAME` and `S3_KEY`, from the event or, where it lacks
//! them, from the environment. Any event will do otherwise, as it did for the Python original.

use serde_json::Value;

use crate::error::{Error, Result};

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

impl Request {
    /// The photo that `event` asks for; `environment` looks up a variable.
    pub fn parse(event: &Value, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let field = |name: &str| match event.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(Value::Null) | None => environment(name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| {
                    Error::InvalidRequest(format!(
                        "`{name}` is neither in the event nor in the environment"
                    ))
                }),
            Some(other) => Err(Error::InvalidRequest(format!(
                "`{name}` is {other}, not a name"
            ))),
        };
        Ok(Self {
            bucket: field("BUCKET_NAME")?,
            key: field("S3_KEY")?,
        })
    }

    /// Where the annotated photo goes: beside the photo, `_rs.jpg` added to its key.
    pub fn annotated_key(&self) -> String {
        format!("{}_rs.jpg", self.key)
    }
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
        let event = json!({"BUCKET_NAME": "b", "S3_KEY": "a/photo.jpg", "other": 1});
        let request = Request::parse(&event, variables).unwrap();
        assert_eq!(
            (request.bucket.as_str(), request.key.as_str()),
            ("b", "a/photo.jpg")
        );
        assert_eq!(request.annotated_key(), "a/photo.jpg_rs.jpg");
        let request = Request::parse(&json!({"S3_KEY": "k"}), variables).unwrap();
        assert_eq!(request.bucket, "from-environment");
    }

    #[test]
    fn what_is_missing_or_no_name_is_said() {
        for (event, expected) in [
            (json!({"BUCKET_NAME": "b"}), "`S3_KEY` is neither"),
            (json!("text"), "`S3_KEY` is neither"),
            (json!({"S3_KEY": 7}), "`S3_KEY` is 7, not a name"),
            (json!({"S3_KEY": ""}), "`S3_KEY` is \"\", not a name"),
        ] {
            let error = Request::parse(&event, variables).unwrap_err().to_string();
            assert!(error.contains(expected), "{event}: {error}");
        }
    }
}
