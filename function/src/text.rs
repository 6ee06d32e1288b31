//! Text that others wrote, in errors and logs: never more of it than people read.

use std::borrow::Cow;

/// At most so many characters of it; if there are more, that is said.
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
