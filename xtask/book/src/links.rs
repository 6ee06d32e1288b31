//! Changes the targets of a Markdown text's links and images, and nothing else of it.

use anyhow::Result;
use mdbook_markdown::pulldown_cmark::{Event, LinkType, Tag};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

/// What becomes of a link.
#[derive(Debug, PartialEq, Eq)]
pub enum NewLink {
    Unchanged,
    To(String),
    /// Only its text remains.
    Removed,
}

/// `text` with the links that `new_link` returns for each target.
///
/// # Errors
/// Those of `new_link`.
pub fn change_links(text: &str, mut new_link: impl FnMut(&str) -> Result<NewLink>) -> Result<String> {
    let mut options = MarkdownOptions::default();
    options.smart_punctuation = false;
    let mut changes = Vec::new();
    for (event, range) in new_cmark_parser(text, &options).into_offset_iter() {
        let Event::Start(
            Tag::Link {
                link_type, dest_url, ..
            }
            | Tag::Image {
                link_type, dest_url, ..
            },
        ) = event
        else {
            continue;
        };
        // The target of any other type is not in the link itself.
        if link_type != LinkType::Inline {
            continue;
        }
        let whole = &text[range.clone()];
        let Some(end_of_text) = whole.rfind("](") else {
            continue;
        };
        match new_link(&dest_url)? {
            NewLink::Unchanged => {}
            NewLink::To(target) => {
                let start = range.start + end_of_text + "](".len();
                if let Some(found) = text[start..range.end].find(&*dest_url) {
                    changes.push((start + found..start + found + dest_url.len(), target));
                }
            }
            NewLink::Removed => {
                let start = range.start + whole.find('[').unwrap_or_default();
                changes.push((start..start + 1, String::new()));
                changes.push((range.start + end_of_text..range.end, String::new()));
            }
        }
    }
    changes.sort_by_key(|(range, _)| range.start);
    let mut changed = String::new();
    let mut end = 0;
    for (range, new) in changes {
        changed += &text[end..range.start];
        changed += &new;
        end = range.end;
    }
    changed += &text[end..];
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> String {
        let new_link = |target: &str| {
            Ok(match target {
                "folder" => NewLink::Removed,
                "a.md" => NewLink::To("b.md".to_owned()),
                _ => NewLink::Unchanged,
            })
        };
        change_links(text, new_link).unwrap()
    }

    #[test]
    fn only_targets_of_links_change() {
        for (text, changed) in [
            ("a.md [a.md](a.md) \"x\"", "a.md [a.md](b.md) \"x\""),
            ("[`a.md`](a.md)\n[c](c.md)", "[`a.md`](b.md)\n[c](c.md)"),
            ("| ![a](a.md) | [x](folder) |", "| ![a](b.md) | x |"),
            ("see [the `data`](folder), [a](a.md)", "see the `data`, [a](b.md)"),
            ("```text\n[a](a.md)\n```", "```text\n[a](a.md)\n```"),
            ("`[a](a.md)`", "`[a](a.md)`"),
        ] {
            assert_eq!(change(text), changed);
        }
    }

    #[test]
    fn errors_are_passed_on() {
        let failed = change_links("[a](a.md)", |target| anyhow::bail!("{target} is missing"));
        assert_eq!(failed.unwrap_err().to_string(), "a.md is missing");
    }
}
