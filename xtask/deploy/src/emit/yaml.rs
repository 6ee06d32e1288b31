//! YAML with comments, for CloudFormation: block style, two spaces, and quotes around every text that YAML 1.1 could
//! read as something else.

use serde_json::Value;

use super::strings::{self, Part, is_literal, ordered, parts};

/// What YAML 1.1 reads as a boolean or as null, in any case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

#[derive(Clone, Debug)]
pub(super) enum Yaml {
    /// Written as it is: numbers, booleans and tagged values.
    Plain(String),
    Text(String),
    Map(Map),
    List(Vec<Yaml>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Map(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    comment: String,
    key: String,
    value: Yaml,
}

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Yaml>) -> Self {
        self.commented("", key, value)
    }

    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Yaml>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With a comment above.
    #[must_use]
    pub fn commented(mut self, comment: &str, key: &str, value: impl Into<Yaml>) -> Self {
        self.0.push(Entry {
            comment: comment.to_owned(),
            key: key.to_owned(),
            value: value.into(),
        });
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In this many levels, maps are separated from what is around them by blank lines.
    fn write(&self, out: &mut String, indent: usize, separated: usize) {
        for (index, entry) in self.0.iter().enumerate() {
            let is_map = |value: &Yaml| matches!(value, Yaml::Map(_));
            let is_separate = is_map(&entry.value) || index > 0 && is_map(&self.0[index - 1].value);
            if separated > 0 && index > 0 && is_separate {
                out.push('\n');
            }
            out.push_str(&strings::comment("#", indent, &entry.comment));
            out.push_str(&" ".repeat(indent));
            out.push_str(&text(&entry.key));
            out.push(':');
            entry.value.write(out, indent, separated.saturating_sub(1));
        }
    }
}

/// The document, in which sections and resources are separated by blank lines.
pub(super) fn document(header: &str, map: &Map) -> String {
    let mut out = strings::comment("#", 0, header) + "\n";
    map.write(&mut out, 0, 2);
    out
}

/// A resource of CloudFormation.
pub(super) fn resource(kind: &str, properties: Map) -> Map {
    Map::new().with("Type", kind).with("Properties", properties)
}

impl Yaml {
    /// `!Ref NAME`: a resource's name or a parameter.
    pub fn reference(name: &str) -> Self {
        Self::Plain(format!("!Ref {name}"))
    }

    /// `!GetAtt RESOURCE.ATTRIBUTE`.
    pub fn attribute(path: &str) -> Self {
        Self::Plain(format!("!GetAtt {path}"))
    }

    /// A policy document, with the keys of each statement in their usual order.
    pub fn of_json(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::of_string(text),
            Value::Array(values) => Self::List(values.iter().map(Self::of_json).collect()),
            Value::Object(object) => {
                let members = ordered(object).into_iter();
                Self::Map(members.fold(Map::new(), |map, (key, value)| map.with(key, Self::of_json(value))))
            }
            other => Self::Plain(other.to_string()),
        }
    }

    /// A string, which can have placeholders.
    pub fn of_string(string: &str) -> Self {
        if is_literal(string) {
            return Self::Text(string.to_owned());
        }
        let parts = parts(string).into_iter().map(|part| match part {
            Part::Text(text) => text.replace("${", "${!"),
            Part::Partition => "${AWS::Partition}".to_owned(),
            Part::Region => "${AWS::Region}".to_owned(),
            Part::Account => "${AWS::AccountId}".to_owned(),
        });
        let parts: Vec<_> = parts.collect();
        match parts.as_slice() {
            [one] => Self::reference(one.trim_matches(['$', '{', '}'])),
            several => Self::Plain(format!("!Sub {}", quoted(&several.concat()))),
        }
    }

    fn write(&self, out: &mut String, indent: usize, separated: usize) {
        match self {
            Self::Plain(plain) => out.push_str(&format!(" {plain}\n")),
            Self::Text(value) => out.push_str(&format!(" {}\n", text(value))),
            Self::Map(map) if map.is_empty() => out.push_str(" {}\n"),
            Self::Map(map) => {
                out.push('\n');
                map.write(out, indent + 2, separated);
            }
            Self::List(values) if values.is_empty() => out.push_str(" []\n"),
            Self::List(values) => {
                out.push('\n');
                for value in values {
                    value.write_item(out, indent + 2);
                }
            }
        }
    }

    fn write_item(&self, out: &mut String, indent: usize) {
        out.push_str(&" ".repeat(indent));
        out.push('-');
        match self {
            Self::Map(map) if !map.is_empty() => {
                let mut item = String::new();
                map.write(&mut item, indent + 2, 0);
                out.push_str(&item[indent + 1..]);
            }
            other => other.write(out, indent, 0),
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Yaml {
    fn from(number: u32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Self {
        Self::Plain(value.to_string())
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Yaml>> for Yaml {
    fn from(values: Vec<Yaml>) -> Self {
        Self::List(values)
    }
}

/// The text as a scalar, in quotes unless it certainly needs none.
fn text(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./: ".contains(c);
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// Double-quoted scalars have JSON's escapes.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emit::strings::scope;

    #[test]
    fn texts_are_quoted_where_needed() {
        for plain in ["photos", "s3:GetObject", "/aws/lambda/a", "Makes thumbnails"] {
            assert_eq!(text(plain), plain);
        }
        for (unsafe_text, expected) in [
            ("2012-10-17", r#""2012-10-17""#),
            ("yes", r#""yes""#),
            ("No", r#""No""#),
            ("", r#""""#),
            ("a: b", r#""a: b""#),
            ("a:", r#""a:""#),
            ("a\n\"", r#""a\n\"""#),
            ("*", r#""*""#),
            ("0x1", r#""0x1""#),
            ("ä", r#""ä""#),
        ] {
            assert_eq!(text(unsafe_text), expected);
        }
    }

    #[test]
    fn maps_lists_and_comments_are_indented() {
        let policy = json!({"Statement": [{"Sid": "A", "Action": ["a:B"]}], "Version": "2012-10-17"});
        let inner = Map::new().with("Policy", Yaml::of_json(&policy));
        let map = Map::new()
            .with("A", 1_u32)
            .commented("Why.", "B", inner)
            .with("C", Map::new());
        let expected = "# Head\n\nA: 1\n\n# Why.\nB:\n  Policy:\n    Version: \"2012-10-17\"\n    Statement:\n      - Sid: A\n        \
                        Action:\n          - a:B\n\nC: {}\n";
        assert_eq!(document("Head", &map), expected);
    }

    #[test]
    fn placeholders_become_pseudo_parameters() {
        let written = |text: &str| match Yaml::of_string(text) {
            Yaml::Plain(plain) => plain,
            other => format!("{other:?}"),
        };
        assert_eq!(written(&scope().account), "!Ref AWS::AccountId");
        let expected = r#"!Sub "arn:${AWS::Partition}:s3:::a/${!x}""#;
        assert_eq!(written(&scope().object("a", "${x}")), expected);
    }
}
