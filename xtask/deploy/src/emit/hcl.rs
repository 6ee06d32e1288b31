//! HCL as `terraform fmt` writes it: two spaces, and the `=` of neighbouring lines aligned.
//! <https://developer.hashicorp.com/terraform/language/style>

use serde_json::Value;

use super::strings::{self, Part, is_literal, ordered, parts};

/// Lists of this many characters are one line.
const LIST_WIDTH: usize = 70;

#[derive(Clone, Debug)]
pub(super) enum Expression {
    /// Written as it is: references, numbers and booleans.
    Plain(String),
    /// Can have placeholders.
    Text(String),
    List(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    /// A function and its argument.
    Call(&'static str, Box<Expression>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Body(Vec<Item>);

#[derive(Clone, Debug)]
enum Item {
    Comment(String),
    Attribute(String, Expression),
    Block(String, Body),
}

impl Body {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Expression>) -> Self {
        self.0.push(Item::Attribute(key.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Expression>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    #[must_use]
    pub fn comment(mut self, text: &str) -> Self {
        self.0.push(Item::Comment(text.to_owned()));
        self
    }

    /// `header` is the type of the block and its labels.
    #[must_use]
    pub fn block(mut self, header: &str, body: Body) -> Self {
        self.0.push(Item::Block(header.to_owned(), body));
        self
    }

    #[must_use]
    pub fn resource(self, kind: &str, name: &str, body: Body) -> Self {
        self.block(&format!("resource \"{kind}\" \"{name}\""), body)
    }

    fn write(&self, out: &mut String, indent: usize) {
        let mut previous: Option<&Item> = None;
        for (at, item) in self.0.iter().enumerate() {
            let after_comment = matches!(previous, Some(Item::Comment(_)));
            let is_block = matches!(item, Item::Block(..));
            let is_separated = is_block || matches!(item, Item::Comment(_));
            let after_block = matches!(previous, Some(Item::Block(..)));
            if previous.is_some() && !after_comment && (is_separated || after_block) {
                out.push('\n');
            }
            match item {
                Item::Comment(text) => out.push_str(&strings::comment("#", indent, text)),
                Item::Attribute(key, value) => {
                    let padding = match value.is_one_line() {
                        true => padding(&self.attributes_around(at), key),
                        false => 0,
                    };
                    write_attribute(out, indent, (key, padding), value);
                }
                Item::Block(header, body) if body.0.is_empty() => {
                    out.push_str(&format!("{}{header} {{}}\n", " ".repeat(indent)));
                }
                Item::Block(header, body) => {
                    out.push_str(&format!("{}{header} {{\n", " ".repeat(indent)));
                    body.write(out, indent + 2);
                    out.push_str(&format!("{}}}\n", " ".repeat(indent)));
                }
            }
            previous = Some(item);
        }
    }

    /// The attributes of the uninterrupted run to which item `at` belongs.
    fn attributes_around(&self, at: usize) -> Vec<(&str, &Expression)> {
        let before = self.0[..at].iter().rev().map_while(Item::one_line_attribute);
        let after = self.0[at..].iter().map_while(Item::one_line_attribute);
        before.chain(after).collect()
    }
}

impl Item {
    fn one_line_attribute(&self) -> Option<(&str, &Expression)> {
        match self {
            Self::Attribute(key, value) if value.is_one_line() => Some((key, value)),
            _ => None,
        }
    }
}

/// A file, with comments and blocks separated by blank lines.
pub(super) fn document(header: &str, body: &Body) -> String {
    let mut out = strings::comment("#", 0, header);
    if !out.is_empty() {
        out.push('\n');
    }
    body.write(&mut out, 0);
    out
}

/// The spaces between `key` and `=`, if the lines around it are `attributes`.
fn padding(attributes: &[(&str, &Expression)], key: &str) -> usize {
    let longest = attributes.iter().map(|(key, _)| key.chars().count()).max();
    longest.map_or(0, |longest| longest.saturating_sub(key.chars().count()))
}

fn write_attribute(out: &mut String, indent: usize, (key, padding): (&str, usize), value: &Expression) {
    out.push_str(&format!("{}{key}{} = ", " ".repeat(indent), " ".repeat(padding)));
    value.write(out, indent);
    out.push('\n');
}

impl Expression {
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    pub fn list(values: impl IntoIterator<Item = Expression>) -> Self {
        Self::List(values.into_iter().collect())
    }

    /// `jsonencode(…)` of a policy.
    pub fn policy(value: &Value) -> Self {
        Self::Call("jsonencode", Box::new(Self::of_json(value)))
    }

    fn of_json(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(values) => Self::list(values.iter().map(Self::of_json)),
            Value::Object(object) => {
                let members = ordered(object).into_iter();
                Self::Object(
                    members
                        .map(|(key, value)| (key.clone(), Self::of_json(value)))
                        .collect(),
                )
            }
            other => Self::Plain(other.to_string()),
        }
    }

    fn is_one_line(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Text(_) => true,
            Self::Object(members) => members.is_empty(),
            Self::Call(_, argument) => argument.is_one_line(),
            Self::List(values) => {
                let is_scalar = |value: &Self| matches!(value, Self::Plain(_) | Self::Text(_));
                values.iter().all(is_scalar) && self.one_line().len() <= LIST_WIDTH
            }
        }
    }

    fn one_line(&self) -> String {
        match self {
            Self::Plain(plain) => plain.clone(),
            Self::Text(text) => quoted(text),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::one_line).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Object(_) => "{}".to_owned(),
            Self::Call(function, argument) => format!("{function}({})", argument.one_line()),
        }
    }

    fn write(&self, out: &mut String, indent: usize) {
        let inner = " ".repeat(indent + 2);
        match self {
            one if one.is_one_line() => out.push_str(&one.one_line()),
            Self::List(values) => {
                out.push_str("[\n");
                for value in values {
                    out.push_str(&inner);
                    value.write(out, indent + 2);
                    out.push_str(",\n");
                }
                out.push_str(&format!("{}]", " ".repeat(indent)));
            }
            Self::Object(members) => {
                out.push_str("{\n");
                let members = members.iter();
                let body = members.fold(Body::new(), |body, (key, value)| {
                    body.with(&object_key(key), value.clone())
                });
                body.write(out, indent + 2);
                out.push_str(&format!("{}}}", " ".repeat(indent)));
            }
            Self::Call(function, argument) => {
                out.push_str(&format!("{function}("));
                argument.write(out, indent);
                out.push(')');
            }
            Self::Plain(_) | Self::Text(_) => out.push_str(&self.one_line()),
        }
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Expression {
    fn from(number: u32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<bool> for Expression {
    fn from(value: bool) -> Self {
        Self::Plain(value.to_string())
    }
}

fn object_key(key: &str) -> String {
    let is_word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_identifier = is_word && !key.starts_with(|c: char| c.is_ascii_digit()) && !key.is_empty();
    if is_identifier { key.to_owned() } else { quoted(key) }
}

/// A quoted template. `${` and `%{` of the text itself are doubled.
fn quoted(text: &str) -> String {
    let parts = parts(text).into_iter().map(|part| match part {
        Part::Text(text) => escaped(text),
        Part::Partition => "${data.aws_partition.current.partition}".to_owned(),
        Part::Region => "${data.aws_region.current.region}".to_owned(),
        Part::Account => "${data.aws_caller_identity.current.account_id}".to_owned(),
    });
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        // `terraform fmt` takes a lone reference out of its template.
        [one] if !is_literal(text) => one.trim_matches(['$', '{', '}']).to_owned(),
        several => format!("\"{}\"", several.concat()),
    }
}

/// <https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences>
fn escaped(text: &str) -> String {
    let text = text.replace("${", "$${").replace("%{", "%%{");
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    escaped.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emit::strings::scope;

    #[test]
    fn neighbouring_lines_are_aligned() {
        let body = Body::new()
            .comment("Why.")
            .with("a", 1_u32)
            .with("long", Expression::policy(&json!({"Sid": "x", "a:b": ["c"]})))
            .with("bb", "t")
            .with("ccc", true)
            .block("inner", Body::new());
        let expected = "# Why.\na = 1\nlong = jsonencode({\n  Sid   = \"x\"\n  \"a:b\" = [\"c\"]\n})\nbb  = \"t\"\nccc = true\n\n\
                        inner {}\n";
        assert_eq!(document("", &body), expected);
    }

    #[test]
    fn texts_are_escaped_and_placeholders_are_references() {
        assert_eq!(quoted("a\"\n${b}%{c}"), r#""a\"\n$${b}%%{c}""#);
        let expected = "\"arn:${data.aws_partition.current.partition}:s3:::a\"";
        assert_eq!(quoted(&scope().bucket("a")), expected);
        assert_eq!(quoted(&scope().account), "data.aws_caller_identity.current.account_id");
    }
}
