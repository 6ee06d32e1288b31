//! Finds licence texts in a package's folder, and deduplicates those of many packages. Texts are equal if their words
//! are; copyright notices, in which most of them differ, are separated from the text and listed with the packages.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use support::files::{file_name, sorted_entries};

use super::license::{self, LicenseText};

const LICENSE_FILE_PREFIXES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// The end of the Apache licence. The appendix after it, on how to apply the licence, is a separate text: some packages
/// leave it out, others modify it.
const APACHE_END: &str = "END OF TERMS AND CONDITIONS";

const SEPARATOR: &str = "\n================================================================================\n";

/// The licences and notices in a package's folder and in its folder `LICENSES`, sorted by name.
pub fn find_in_folder(folder: &Path) -> Result<Vec<LicenseText>> {
    let mut texts = Vec::new();
    for path in sorted_entries(folder)? {
        let name = file_name(&path).to_lowercase();
        // Rust source files can be called `license.rs`.
        if !LICENSE_FILE_PREFIXES.iter().any(|known| name.starts_with(known)) || name.ends_with(".rs") {
            continue;
        }
        if path.is_dir() {
            for path in sorted_entries(&path)?.iter().filter(|path| path.is_file()) {
                texts.push(LicenseText::read(path)?);
            }
        } else {
            texts.push(LicenseText::read(&path)?);
        }
    }
    Ok(texts)
}

/// One file with the texts of many packages, each text once. `packages` are pairs of a human-readable label and texts.
pub fn deduplicate<'a>(title: &str, packages: impl Iterator<Item = (String, &'a [LicenseText])>) -> String {
    let mut shared: BTreeMap<String, SharedText> = BTreeMap::new();
    for (order, (label, texts)) in packages.enumerate() {
        for text in texts.iter().flat_map(|text| split_after_apache(&text.text)) {
            let (notices, words, body) = split_notices(text);
            let there = shared.entry(words).or_insert(SharedText {
                order,
                body,
                by_notices: BTreeMap::new(),
            });
            let labels = there.by_notices.entry(notices).or_default();
            if labels.last() != Some(&label) {
                labels.push(label.clone());
            }
        }
    }
    let mut texts: Vec<_> = shared.into_iter().collect();
    // By the first package that has the text, so that a new package does not reorder others.
    texts.sort_by(|a, b| (a.1.order, &a.0).cmp(&(b.1.order, &b.0)));
    let texts = texts.iter().map(|(_, text)| text.format());
    title.to_owned() + "\n" + &texts.collect::<String>()
}

struct SharedText {
    order: usize,
    body: String,
    /// The packages by their copyright notices.
    by_notices: BTreeMap<Vec<String>, Vec<String>>,
}

impl SharedText {
    fn format(&self) -> String {
        let mut text = SEPARATOR.to_owned();
        for (notices, labels) in &self.by_notices {
            text += &format!("{}\n", labels.join(", "));
            for notice in notices {
                text += &format!("    {notice}\n");
            }
        }
        text + "\n" + &self.body + "\n"
    }
}

/// Splits a text that continues after the Apache licence.
fn split_after_apache(text: &str) -> impl Iterator<Item = &str> {
    let after = text.find(APACHE_END).map_or(text.len(), |at| at + APACHE_END.len());
    let (first, second) = text.split_at(after);
    [first, second].into_iter().filter(|piece| !piece.trim().is_empty())
}

impl LicenseText {
    /// Equal for texts that differ only in layout, punctuation and case, and for the same GNU licence.
    pub fn comparison_key(&self) -> String {
        match license::gnu_license_id(&self.file) {
            Some(name) => name.to_owned(),
            None => normalized_words(&self.text),
        }
    }
}

/// The text for comparisons: only letters and digits, according to SPDX's matching guidelines,
/// <https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/>.
fn normalized_words(text: &str) -> String {
    let text = text.replace("https://", "http://").to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A text's copyright notices, the normalized words of the rest, and the rest.
fn split_notices(text: &str) -> (Vec<String>, String, String) {
    let (notices, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| is_notice(line));
    let notices = notices.iter().map(|notice| notice.trim().to_owned());
    // Skip placeholders to be filled in by users of the licence.
    let notices = notices.filter(|notice| !is_blank_form(notice)).collect();
    let body = rest.iter().map(|line| line.trim_end());
    let body = body.collect::<Vec<_>>().join("\n");
    (notices, normalized_words(&body), body.trim_matches('\n').to_owned())
}

/// Whether a line is a copyright notice. Other sentences about copyright contain no year.
fn is_notice(line: &str) -> bool {
    line.trim_start().strip_prefix("Copyright").is_some_and(|rest| {
        let marked = ["(c)", "(C)", "©"].iter().any(|mark| rest.contains(mark));
        marked || rest.contains(|c: char| c.is_ascii_digit()) || is_blank_form(rest)
    })
}

fn is_blank_form(notice: &str) -> bool {
    ["yyyy", "<year>"].iter().any(|form| notice.contains(form))
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    fn text(file: &str, text: &str) -> LicenseText {
        LicenseText {
            file: file.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn equal_texts_appear_once_with_all_notices() {
        let a = [text(
            "LICENSE",
            "Copyright 2016 Ann\n\nYou may use this\nas you like.\n",
        )];
        let b = [text(
            "LICENSE",
            "  Copyright (c) 2020 Bob\n  You may use\n  this as you like.",
        )];
        let c = [text("LICENSE", "You may not.\n")];
        let packages = [
            ("a 1".to_owned(), a.as_slice()),
            ("b 1".to_owned(), &b),
            ("b 2".to_owned(), &b),
            ("c 1".to_owned(), &c),
        ];
        let file = deduplicate("Title", packages.into_iter());
        assert_eq!(file.matches("as you like").count(), 1, "{file}");
        assert!(file.contains("a 1\n    Copyright 2016 Ann\n"), "{file}");
        assert!(file.contains("b 1, b 2\n    Copyright (c) 2020 Bob\n"), "{file}");
        assert!(file.contains("\nc 1\n\nYou may not.\n"), "{file}");
        assert!(file.starts_with("Title\n\n==="), "{file}");
    }

    #[test]
    fn text_after_the_apache_license_is_split_off() {
        let plain = "Terms.\nEND OF TERMS AND CONDITIONS";
        let more = format!("TERMS\n  {APACHE_END}\n\nAPPENDIX: How to apply it \"[]\"\n");
        let other = format!("terms\n{APACHE_END}\n\nAppendix: how to apply it \"{{}}\"");
        let [a, b, c] = [plain, &more, &other].map(|words| [text("LICENSE", words)]);
        let packages = [("a", &a), ("b", &b), ("c", &c)];
        let packages = packages.map(|(name, texts)| (name.to_owned(), texts.as_slice()));
        let file = deduplicate("Title", packages.into_iter());
        assert!(file.contains("\na, b, c\n\nTerms.\n"), "{file}");
        assert!(file.contains("\nb, c\n\nAPPENDIX"), "{file}");
    }

    #[test]
    fn gnu_licenses_are_compared_by_name() {
        let [ours, theirs] = ["LGPL-2.1-or-later", "LGPL-2.1"].map(|name| text(name, name));
        assert_eq!(ours.comparison_key(), theirs.comparison_key());
        let [a, b] = ["Ann", "Bob"].map(|name| text("MIT", name));
        assert_ne!(a.comparison_key(), b.comparison_key());
    }

    #[test]
    fn only_copyright_notices_are_extracted() {
        for line in [
            "Copyright and related rights",
            "copyright 2016 as in law",
            "Copyright Law",
        ] {
            assert!(!is_notice(line), "{line}");
        }
        for line in ["  Copyright 2016 Ann", "Copyright (c) Ann", "Copyright © Ann"] {
            assert!(is_notice(line), "{line}");
        }
        let (notices, words, _) = split_notices("Copyright [yyyy] [name]\nCopyright <year>\nYou may.\n");
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(words, "you may");
    }

    #[test]
    fn license_files_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        for name in ["LICENSE-MIT", "COPYING.md", "notice.txt", "LICENSES/ISC.txt"] {
            write(name);
        }
        for name in ["README.md", "license.rs", "src/LICENSE", "LICENSES/deep/MIT"] {
            write(name);
        }
        let texts = find_in_folder(folder.path()).unwrap();
        let names: Vec<_> = texts.iter().map(|text| text.file.as_str()).collect();
        assert_eq!(names, ["COPYING.md", "LICENSE-MIT", "ISC.txt", "notice.txt"]);
    }
}
