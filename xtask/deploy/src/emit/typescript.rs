//! TypeScript as Prettier writes it with single quotes and 100 columns, for strings and for objects such as policies.

use serde_json::Value;

use super::strings::{Part, is_literal, ordered, parts};

const WIDTH: usize = 100;

/// A string, which can have placeholders.
pub(super) fn string(text: &str) -> String {
    if is_literal(text) {
        return literal(text);
    }
    let parts = parts(text).into_iter().map(|part| match part {
        Part::Text(text) => escaped(text, '`').replace("${", "\\${"),
        Part::Partition => "${cdk.Aws.PARTITION}".to_owned(),
        Part::Region => "${cdk.Aws.REGION}".to_owned(),
        Part::Account => "${cdk.Aws.ACCOUNT_ID}".to_owned(),
    });
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        [one] if one.starts_with("${") => one.trim_matches(['$', '{', '}']).to_owned(),
        several => format!("`{}`", several.concat()),
    }
}

/// A value whose first line begins at `column`, and whose other lines are indented by `indent` spaces or more.
pub(super) fn value(value: &Value, indent: usize, column: usize) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(values) => array(values, indent, column),
        Value::Object(object) => {
            let inner = indent + 2;
            let members = ordered(object).into_iter().map(|(name, member)| {
                let key = key(name);
                let member = self::value(member, inner, inner + key.chars().count() + 2);
                format!("{}{key}: {member},\n", " ".repeat(inner))
            });
            let members: Vec<_> = members.collect();
            match members.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{\n{}{}}}", members.concat(), " ".repeat(indent)),
            }
        }
        other => other.to_string(),
    }
}

fn array(values: &[Value], indent: usize, column: usize) -> String {
    let is_flat = values.iter().all(|value| !value.is_array() && !value.is_object());
    let items: Vec<_> = values.iter().map(|item| value(item, indent + 2, indent + 2)).collect();
    let one_line = format!("[{}]", items.join(", "));
    // A comma follows.
    if is_flat && column + one_line.chars().count() < WIDTH {
        return one_line;
    }
    let lines: Vec<_> = items
        .iter()
        .map(|item| format!("{}{item},\n", " ".repeat(indent + 2)))
        .collect();
    format!("[\n{}{}]", lines.concat(), " ".repeat(indent))
}

/// An object's key, in quotes if it is not an identifier.
fn key(name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_identifier = is_word && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    if is_identifier { name.to_owned() } else { literal(name) }
}

/// In single quotes, unless that needs more escapes.
fn literal(text: &str) -> String {
    let count = |quote| text.chars().filter(|c| *c == quote).count();
    let quote = if count('\'') > count('"') { '"' } else { '\'' };
    format!("{quote}{}{quote}", escaped(text, quote))
}

fn escaped(text: &str, quote: char) -> String {
    let escaped = text.chars().map(|c| match c {
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c == quote => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    escaped.collect::<Vec<_>>().concat()
}

/// `FaceDetect` for `face-detect`.
pub(super) fn class_name(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    let name = words.collect::<Vec<_>>().concat();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("The{name}"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emit::strings::scope;

    #[test]
    fn strings_have_the_quotes_and_escapes_that_they_need() {
        assert_eq!(string("a"), "'a'");
        assert_eq!(string("it's"), "\"it's\"");
        assert_eq!(string("\"it's\"\n\\"), r#"'"it\'s"\n\\'"#);
        assert_eq!(string(&scope().account), "cdk.Aws.ACCOUNT_ID");
        let expected = r"`arn:${cdk.Aws.PARTITION}:s3:::a/\${x}\``";
        assert_eq!(string(&scope().object("a", "${x}`")), expected);
    }

    #[test]
    fn objects_are_expanded_and_short_arrays_are_not() {
        let found = value(&json!({"Action": ["a", "b"], "s:C": ["d".repeat(100)]}), 2, 10);
        let expected = format!(
            "{{\n    Action: ['a', 'b'],\n    's:C': [\n      '{}',\n    ],\n  }}",
            "d".repeat(100)
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn classes_are_named_like_the_function() {
        for (name, class) in [
            ("face-detect", "FaceDetect"),
            ("a_bC", "ABC"),
            ("3d", "The3d"),
            ("-", ""),
        ] {
            assert_eq!(class_name(name), class);
        }
    }
}
