//! The objects that an answer says the function has written: `… WHAT saved to URL` of the harness's direct answers, and
//! strings that are URLs.

use std::collections::BTreeSet;

use serde_json::Value;

const SCHEME: &str = "s3://";

/// URLs, without `photo`, in the order of the answer.
pub fn urls(answer: &Value, photo: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    collect(answer, &mut all);
    let mut seen = BTreeSet::new();
    all.retain(|url| Some(url.as_str()) != photo && seen.insert(url.clone()));
    all
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with(SCHEME) => into.push(text.clone()),
        Value::String(text) => collect_from_message(text, into),
        Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        Value::Object(values) => values.values().for_each(|value| collect(value, into)),
        _ => {}
    }
}

/// A message has parts that are separated by commas, which keys can have as well: a URL ends before the part that leads
/// to the next one.
fn collect_from_message(text: &str, into: &mut Vec<String>) {
    let mut parts = text.split(" to s3://").skip(1).peekable();
    while let Some(part) = parts.next() {
        let key = match parts.peek() {
            None => part,
            Some(_) => part.rsplit_once(',').map_or(part, |(url, _)| url),
        };
        into.push(format!("{SCHEME}{key}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_are_those_of_messages_and_of_whole_strings() {
        let answer = json!({"body": {
            "message": "Find 1 face(s),image saved to s3://b/out/a, b.jpg,faces saved to s3://b/out/a, b.json,photo \
                        moved to s3://b/done/a, b.jpg",
            "url": "s3://b/other", "source": "s3://b/in/a, b.jpg", "again": ["s3://b/other"],
        }});
        assert_eq!(
            urls(&answer, Some("s3://b/in/a, b.jpg")),
            [
                "s3://b/other",
                "s3://b/out/a, b.jpg",
                "s3://b/out/a, b.json",
                "s3://b/done/a, b.jpg"
            ]
        );
        assert_eq!(
            urls(&json!({"body": "nothing in s3 was written"}), None),
            Vec::<String>::new()
        );
    }
}
