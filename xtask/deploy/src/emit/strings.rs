//! Strings of a plan for which a template has no values: the partition, the Region and the account. They are marked by
//! characters that no ARN has, and each template language writes its own expressions instead.

use serde_json::{Map, Value};

use crate::arn::Scope;

/// Of Unicode's private use area.
const PARTITION: char = '\u{E0A0}';
const REGION: char = '\u{E0A1}';
const ACCOUNT: char = '\u{E0A2}';

/// The keys of roles, and those of policies in the order in which AWS documents them; others follow.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
const POLICY_KEYS: [&str; 10] = [
    "roleName",
    "policyName",
    "Version",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "Resource",
    "Condition",
];

/// Of the account in which a template will be deployed.
pub fn scope() -> Scope {
    Scope {
        partition: PARTITION.to_string(),
        region: REGION.to_string(),
        account: ACCOUNT.to_string(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    Partition,
    Region,
    Account,
}

pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let pieces = text.split_inclusive([PARTITION, REGION, ACCOUNT]);
    let mut parts = Vec::new();
    for piece in pieces {
        let marker = match piece.chars().next_back() {
            Some(PARTITION) => Some(Part::Partition),
            Some(REGION) => Some(Part::Region),
            Some(ACCOUNT) => Some(Part::Account),
            _ => None,
        };
        let marked = marker.map_or(0, |_| PARTITION.len_utf8());
        let plain = &piece[..piece.len() - marked];
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        parts.extend(marker);
    }
    parts
}

pub(super) fn is_literal(text: &str) -> bool {
    !text.contains([PARTITION, REGION, ACCOUNT])
}

/// The members of an object of a policy. serde_json's own order depends on its features.
pub(super) fn ordered(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |key: &str| POLICY_KEYS.iter().position(|known| *known == key);
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(key, _)| (rank(key).unwrap_or(POLICY_KEYS.len()), (*key).clone()));
    members
}

/// Lines of at most `width` characters, unless a word is longer.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A comment of whole lines, each with `indent` spaces and `mark`.
pub(super) fn comment(mark: &str, indent: usize, text: &str) -> String {
    let indent = " ".repeat(indent);
    let lines = wrap(text, 100 - indent.len() - mark.len());
    let lines: Vec<_> = lines.iter().map(|line| format!("{indent}{mark} {line}\n")).collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_parts() {
        let text = scope().queue("a");
        let colon = Part::Text(":");
        let expected = [
            Part::Text("arn:"),
            Part::Partition,
            Part::Text(":sqs:"),
            Part::Region,
            colon,
            Part::Account,
            Part::Text(":a"),
        ];
        assert_eq!(parts(&text), expected);
        assert_eq!(parts(&scope().account), [Part::Account]);
        assert_eq!(parts("aä"), [Part::Text("aä")]);
        assert!(is_literal("aä") && !is_literal(&text));
    }

    #[test]
    fn comments_are_wrapped() {
        let word = "w".repeat(60);
        let text = format!("{word} {word} a");
        assert_eq!(comment("#", 2, &text), format!("  # {word}\n  # {word} a\n"));
    }
}
