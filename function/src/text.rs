//! Text that others wrote, in errors and logs: never more of it than people read.

use std::borrow::Cow;

/// At most so many characters of it; if there are more, that is said.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept_and_characters_stay_whole() {
        assert_eq!(cut("caf\u{e9}", 4), "caf\u{e9}");
        assert_eq!(cut("caf\u{e9}s", 4), "caf\u{e9}… (6 bytes)");
        assert_eq!(cut("", 0), "");
    }
}
