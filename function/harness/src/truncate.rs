//! Shortens untrusted text in errors and logs.

use std::borrow::Cow;

/// Appends `…` and the original size if the text is longer than `max_chars`.
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        None => text.into(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_truncated_between_characters() {
        assert_eq!(truncate("caf\u{e9}", 4), "caf\u{e9}");
        assert_eq!(truncate("caf\u{e9}s", 4), "caf\u{e9}… (6 bytes)");
        assert_eq!(truncate("", 0), "");
    }
}
