//! Rust as tokens without inert ones, which do not affect a program: comments, documentation, lint levels and code
//! that is only compiled for tests.

use std::fmt::Write as _;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

pub(crate) fn strip_inert_tokens(stream: TokenStream) -> TokenStream {
    let tokens: Vec<_> = stream.into_iter().collect();
    let mut rest = tokens.as_slice();
    let mut kept = Vec::new();
    while !rest.is_empty() {
        let mut attributes = Vec::new();
        let mut is_test = false;
        while let Some((attribute, after)) = split_attribute(rest) {
            match attribute_effect(attribute) {
                AttributeEffect::None => {}
                AttributeEffect::Test => is_test = true,
                AttributeEffect::Other => {
                    attributes.extend_from_slice(&rest[..rest.len() - after.len()]);
                }
            }
            rest = after;
        }
        if let Some(after) = is_test.then(|| after_item(rest)).flatten() {
            rest = after;
            continue;
        }
        kept.extend(attributes.into_iter().map(strip_group));
        let Some((token, after)) = rest.split_first() else {
            break;
        };
        kept.push(strip_group(token.clone()));
        rest = after;
    }
    kept.into_iter().collect()
}

fn strip_group(token: TokenTree) -> TokenTree {
    match token {
        TokenTree::Group(group) => Group::new(group.delimiter(), strip_inert_tokens(group.stream())).into(),
        token => token,
    }
}

/// The content of an attribute at the beginning of `tokens`, and the tokens after it.
fn split_attribute(tokens: &[TokenTree]) -> Option<(&Group, &[TokenTree])> {
    let (hash, after) = tokens.split_first()?;
    let after = match after {
        [inner, after @ ..] if is_punct(inner, '!') => after,
        after => after,
    };
    match after {
        [TokenTree::Group(group), after @ ..] if is_punct(hash, '#') && group.delimiter() == Delimiter::Bracket => {
            Some((group, after))
        }
        _ => None,
    }
}

enum AttributeEffect {
    None,
    /// The item that follows is only compiled for tests.
    Test,
    Other,
}

fn attribute_effect(attribute: &Group) -> AttributeEffect {
    let text = attribute.stream().to_string();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    match words.next() {
        Some("doc" | "allow" | "expect" | "warn" | "deny" | "forbid" | "must_use") => AttributeEffect::None,
        Some("test") => AttributeEffect::Test,
        Some("cfg") if text.split_whitespace().collect::<String>() == "cfg(test)" => AttributeEffect::Test,
        _ => AttributeEffect::Other,
    }
}

/// The tokens after the item at the beginning of `tokens`; `None` if that is not an item, such as a field.
fn after_item(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let mut words = tokens.iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let prefix = |word: &String| matches!(word.as_str(), "pub" | "async" | "unsafe" | "default");
    let first = words.find(|word| !prefix(word))?;
    let second = words.next().unwrap_or_default();
    let may_have_braces_before_its_end = match first.as_str() {
        "use" | "static" | "type" | "let" => true,
        "const" => !matches!(second.as_str(), "fn" | "async" | "unsafe" | "extern"),
        "extern" | "fn" | "mod" | "struct" | "enum" | "union" | "trait" | "impl" | "macro_rules" => false,
        _ => return None,
    };
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !may_have_braces_before_its_end,
        token => is_punct(token, ';'),
    };
    let end = tokens.iter().position(ends)?;
    Some(&tokens[end + 1..])
}

pub(crate) fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Tokens as text that does not depend on layout.
pub(crate) fn to_text(stream: &TokenStream) -> String {
    let mut text = String::new();
    write(stream, &mut text);
    text
}

fn write(stream: &TokenStream, text: &mut String) {
    for token in stream.clone() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => (' ', ' '),
                };
                text.push(open);
                write(&group.stream(), text);
                text.push(close);
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                // A line may end after these, which changes their spacing.
                let ends = matches!(punct.as_char(), '?' | ',' | ';');
                if punct.spacing() == Spacing::Alone || ends {
                    text.push(' ');
                }
            }
            TokenTree::Ident(word) => {
                let _ = write!(text, "{word} ");
            }
            TokenTree::Literal(literal) => {
                text.push_str(&join_continued_lines(&literal.to_string()));
                text.push(' ');
            }
        }
    }
}

/// A literal without escaped line breaks and the white space after them.
fn join_continued_lines(literal: &str) -> String {
    if literal.starts_with(['r', '\'']) || literal.starts_with("br") || literal.starts_with("cr") {
        return literal.to_owned();
    }
    let mut text = String::new();
    let mut rest = literal.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('\n') => rest = rest.as_str().trim_start().chars(),
            escaped => {
                text.push(c);
                text.extend(escaped);
            }
        }
    }
    text
}
