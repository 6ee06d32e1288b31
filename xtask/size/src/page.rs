//! Renders a document as a single HTML file with its data, style and script, which makes no requests.

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::report::Document;

const PAGE: &str = include_str!("../data/page.html");
const STYLE: &str = include_str!("../data/page.css");

/// The script's files. They are concatenated to one module, so that each can use what the others declare.
const SCRIPTS: [&str; 8] = [
    include_str!("../data/format.js"),
    include_str!("../data/tree.js"),
    include_str!("../data/layout.js"),
    include_str!("../data/colours.js"),
    include_str!("../data/treemap.js"),
    include_str!("../data/table.js"),
    include_str!("../data/sections.js"),
    include_str!("../data/page.js"),
];

pub fn render(document: &Document) -> Result<String> {
    let script = SCRIPTS.concat();
    let data = escaped(&serde_json::to_string(document).context("failed to write the report")?);
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + script.len() + data.len());
    let mut rest = PAGE;
    for (placeholder, content) in [
        ("@POLICY@", policy(&script).as_str()),
        ("@STYLE@", STYLE),
        ("@DATA@", &data),
        ("@SCRIPT@", &script),
    ] {
        let (before, after) = rest
            .split_once(placeholder)
            .with_context(|| format!("page.html does not contain {placeholder}"))?;
        page += before;
        page += content;
        rest = after;
    }
    Ok(page + rest)
}

/// Escapes JSON for a `<script>` element, so that no string in it is parsed as a tag or comment. In JSON, `<` occurs
/// only in strings, where an escape sequence is valid.
fn escaped(json: &str) -> String {
    json.replace('<', r"\u003c")
}

/// A content security policy that allows this script and this style, and nothing else.
fn policy(script: &str) -> String {
    format!(
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src '{}'; script-src '{}'",
        digest(STYLE),
        digest(script)
    )
}

fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::part::{Kind, Part};
    use super::super::report::{Report, SCHEMA};
    use super::*;
    use fs_err as fs;
    use opencv_build::Architecture;

    fn document(name: &str) -> Document {
        let leaf = Part::leaf(name, 3, Kind::Code);
        Document {
            schema: SCHEMA,
            report: Report {
                architecture: Architecture::X86_64,
                revision: None,
                artefacts: vec![Part::branch("bootstrap", vec![leaf])],
            },
            previous_report: None,
            competitors: Vec::new(),
            budgets: Vec::new(),
            history: Vec::new(),
            baseline: None,
            ablation: Vec::new(),
            degraded: Vec::new(),
        }
    }

    /// The JSON in a page.
    fn data(page: &str) -> &str {
        let (_, rest) = page
            .split_once(r#"<script type="application/json" id="data">"#)
            .unwrap();
        rest.split_once("</script>").unwrap().0
    }

    #[test]
    fn names_cannot_end_the_script() {
        for name in [
            "</script><b>",
            "<!--<script>",
            "</SCRIPT >",
            r#"operator<<"\"#,
            "@SCRIPT@ @DATA@",
        ] {
            let page = render(&document(name)).unwrap();
            let data = data(&page);
            assert!(!data.contains('<'), "{data}");
            let read: Document = serde_json::from_str(data).unwrap();
            assert_eq!(read.report.artefacts[0].parts[0].name, name);
            assert_eq!(page.matches("</script>").count(), 2);
            assert!(page.ends_with("</html>\n"));
        }
    }

    #[test]
    fn page_contains_every_file_once() {
        let page = render(&document("a")).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let mut files = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.extension().unwrap_or_default();
            if kind == "js" || kind == "css" {
                let text = fs::read_to_string(&path).unwrap();
                assert_eq!(page.matches(&text).count(), 1, "{}", path.display());
                files += 1;
            }
        }
        assert_eq!(files, SCRIPTS.len() + 1);
        for placeholder in ["@POLICY@", "@STYLE@", "@DATA@", "@SCRIPT@"] {
            assert!(!page.contains(placeholder), "{placeholder}");
        }
    }

    #[test]
    fn page_makes_no_requests() {
        let page = render(&document("a")).unwrap();
        for address in ["http://", "https://", "@import", "url(", " src=", "fetch("] {
            let found = page.match_indices(address).map(|(at, _)| &page[at..]);
            // The script's prefix for a competitor's source is not a request.
            let found = found.filter(|text| !text.starts_with(r#"https://")"#));
            assert_eq!(found.count(), 0, "{address}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(!page.contains("unsafe-inline"));
    }

    #[test]
    fn policy_has_script_and_style_digests() {
        let page = render(&document("a")).unwrap();
        for (open, close, name) in [
            ("<style>", "</style>", "style-src"),
            (r#"<script type="module">"#, "</script>", "script-src"),
        ] {
            let (_, rest) = page.split_once(open).unwrap();
            let (content, _) = rest.split_once(close).unwrap();
            assert!(page.contains(&format!("{name} '{}'", digest(content))));
        }
    }
}
