//! Parts of host names.

/// Whether a text can be one label of a host name. Source: RFC 1123, 2.1.
pub(super) fn is_label(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_allowed) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lower_case_without_dots() {
        for label in ["a", "eu-west-1", &"a".repeat(63)] {
            assert!(is_label(label), "{label}");
        }
        for text in ["", "a.b", "A", "-a", "a-", "a/b", "caf\u{e9}", &"a".repeat(64)] {
            assert!(!is_label(text), "{text}");
        }
    }
}
