//! The parts of a Markdown file that tests check: links, headings' anchors, code blocks and code in the text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

pub struct Document {
    /// The path from the repository's root.
    pub name: String,
    pub text: String,
    /// Addresses of links and images.
    pub links: Vec<String>,
    /// The names of headings after `#` in links.
    pub anchors: BTreeSet<String>,
    pub blocks: Vec<Block>,
    /// Code within a sentence.
    pub codes: Vec<String>,
}

pub struct Block {
    pub language: String,
    pub text: String,
}

impl Document {
    pub fn read(root: &Path, name: &str) -> Self {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let mut document = Self {
            name: name.to_owned(),
            text: text.clone(),
            links: Vec::new(),
            anchors: BTreeSet::new(),
            blocks: Vec::new(),
            codes: Vec::new(),
        };
        let mut heading: Option<String> = None;
        let mut block: Option<Block> = None;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.to_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let text = heading.take().unwrap_or_default();
                    document.add_anchor(&text);
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => "an indented block".to_owned(),
                    };
                    block = Some(Block {
                        language,
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Text(text) => match (&mut block, &mut heading) {
                    (Some(block), _) => block.text += &text,
                    (None, Some(heading)) => *heading += &text,
                    (None, None) => {}
                },
                Event::Code(code) => match &mut heading {
                    Some(heading) => *heading += &code,
                    None => document.codes.push(code.to_string()),
                },
                _ => {}
            }
        }
        document
    }

    /// Adds a heading's anchor as GitHub makes it: lower case, spaces as hyphens, without punctuation, numbered where
    /// an earlier heading has the same.
    fn add_anchor(&mut self, heading: &str) {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let base: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let numbered = (1..).map(|number| format!("{base}-{number}"));
        let anchor = std::iter::once(base.clone())
            .chain(numbered)
            .find(|anchor| !self.anchors.contains(anchor));
        self.anchors.extend(anchor);
    }
}
