//! Text of others for a terminal: what it would take for a command is escaped.

/// On one line.
pub fn one_line(text: &str) -> String {
    escape(text, char::is_control)
}

/// With its own lines.
pub fn lines(text: &str) -> String {
    escape(text, |letter| letter.is_control() && letter != '\n' && letter != '\t')
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_escaped(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_characters_are_escaped() {
        let text = "a\u{1b}[2J\u{9b}31m\n\tcafé";
        assert_eq!(one_line(text), r"a\u{1b}[2J\u{9b}31m\n\tcafé");
        assert_eq!(lines(text), "a\\u{1b}[2J\\u{9b}31m\n\tcafé");
    }
}
