//! Code blocks with commands that no test runs: their reason becomes visible below the block.

/// Before the reason, in the first line of a block: `sh,not-run=needs an AWS account`.
const NOT_RUN: &str = "sh,not-run=";

/// `text` with the reasons as sentences.
pub fn with_visible_reasons(text: &str) -> String {
    let mut shown = String::new();
    let mut reason = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_end();
        let indent = &trimmed[..trimmed.len() - trimmed.trim_start().len()];
        match trimmed.trim_start().strip_prefix("```") {
            Some(language) if language.starts_with(NOT_RUN) => {
                reason = language.strip_prefix(NOT_RUN);
                shown += &format!("{indent}```sh\n");
            }
            Some("") => {
                shown += line;
                if let Some(reason) = reason.take() {
                    shown += &format!("\n{indent}*Not run by a test: {reason}.*\n");
                }
            }
            _ => shown += line,
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_follows_its_block() {
        let text = "a\n\n```sh,not-run=needs a registry\npush\n```\n\n```sh\nls\n```\n";
        let shown = "a\n\n```sh\npush\n```\n\n*Not run by a test: needs a registry.*\n\n```sh\nls\n```\n";
        assert_eq!(with_visible_reasons(text), shown);
        let list = "- a\n\n  ```sh,not-run=b\n  c\n  ```\n";
        let shown = "- a\n\n  ```sh\n  c\n  ```\n\n  *Not run by a test: b.*\n";
        assert_eq!(with_visible_reasons(list), shown);
    }

    #[test]
    fn other_text_is_unchanged() {
        let text = "```text\nsh,not-run=x\n```\n\nend";
        assert_eq!(with_visible_reasons(text), text);
    }
}
