//! SPDX licence expressions: normalization of informal ones, and the standard texts of the licences in an expression.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use spdx::{AdditionItem, Expression};
use support::files::file_name;

/// The text of a licence or a notice, and the name of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseText {
    pub file: String,
    pub text: String,
}

impl LicenseText {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self {
            file: file_name(path),
            // Lossy, because authors' names can be in another encoding.
            text: String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
        })
    }
}

/// Converts `text` to a valid SPDX expression: `MIT/Apache-2.0` becomes `MIT OR Apache-2.0`. `None` if a licence is not
/// in SPDX's list.
pub fn normalize_expression(text: &str) -> Option<String> {
    let corrected = Expression::canonicalize(text).ok()?;
    let corrected = corrected.as_deref().unwrap_or(text);
    let words = corrected.split_whitespace().collect::<Vec<_>>().join(" ");
    Expression::parse(&words).ok()?;
    Some(words)
}

/// The standard texts of the licences in an expression, for components without licence files.
pub fn standard_texts(expression: &str) -> Vec<LicenseText> {
    let Ok(expression) = Expression::parse(expression) else {
        return Vec::new();
    };
    let mut texts: Vec<LicenseText> = Vec::new();
    let mut add = |name: &str, text: &str| {
        if texts.iter().all(|present| present.file != name) {
            texts.push(LicenseText {
                file: name.to_owned(),
                text: text.to_owned(),
            });
        }
    };
    for requirement in expression.requirements() {
        if let Some(license) = requirement.req.license.id() {
            add(license.name, license.text());
        }
        let addition = requirement.req.addition.as_ref();
        if let Some(exception) = addition.and_then(AdditionItem::id) {
            add(exception.name, exception.text());
        }
    }
    texts
}

/// Whether an expression contains a GNU licence, whose text must be included even if notices only refer to it.
pub fn is_gnu(expression: &str) -> bool {
    Expression::parse(expression).is_ok_and(|expression| {
        let mut ids = expression.requirements().filter_map(|r| r.req.license.id());
        ids.any(spdx::LicenseId::is_gnu)
    })
}

/// The GNU licence in a file's name: `LGPL-2.1` and `LGPL-2.1-or-later` have the same text. Texts of other licences
/// contain the copyright holders' names, so that two files `MIT` can differ.
pub fn gnu_license_id(file: &str) -> Option<&str> {
    let suffixes = ["-or-later", "-only"];
    let base = suffixes.iter().find_map(|end| file.strip_suffix(end));
    let base = base.unwrap_or(file);
    spdx::license_id(base)
        .is_some_and(spdx::LicenseId::is_gnu)
        .then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_spellings_are_normalized() {
        let becomes = |from: &str, to: &str| assert_eq!(normalize_expression(from).as_deref(), Some(to));
        becomes("MIT", "MIT");
        becomes("MIT/Apache-2.0", "MIT OR Apache-2.0");
        becomes("Apache-2.0 / MIT", "Apache-2.0 OR MIT");
        becomes("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception");
        becomes("(MIT OR Apache-2.0) AND IJG", "(MIT OR Apache-2.0) AND IJG");
        becomes("LGPL-2.1+", "LGPL-2.1-or-later");
    }

    #[test]
    fn unknown_licenses_are_none() {
        for text in ["", "Do what you want", "MIT AND", "non-standard"] {
            assert_eq!(normalize_expression(text), None, "{text}");
        }
    }

    #[test]
    fn standard_texts_are_unique_per_license() {
        let texts = standard_texts("MIT OR Apache-2.0 WITH LLVM-exception OR MIT");
        let names: Vec<_> = texts.iter().map(|text| text.file.as_str()).collect();
        assert_eq!(names, ["MIT", "Apache-2.0", "LLVM-exception"]);
        assert!(texts[0].text.contains("Permission is hereby granted"));
    }

    #[test]
    fn gnu_licenses_are_recognized() {
        assert!(is_gnu("MIT AND LGPL-2.1-or-later"));
        assert!(!is_gnu("MIT"));
        assert_eq!(gnu_license_id("LGPL-2.1-or-later"), Some("LGPL-2.1"));
        assert_eq!(gnu_license_id("LGPL-2.1"), Some("LGPL-2.1"));
        assert_eq!(gnu_license_id("GPL-2.0-only"), Some("GPL-2.0"));
        assert_eq!(gnu_license_id("MIT"), None);
        assert_eq!(gnu_license_id("LICENSE"), None);
    }

    #[test]
    fn third_party_entries_have_valid_expressions() {
        for entry in opencv_build::internals::third_party_entries() {
            let valid = normalize_expression(&entry.license);
            assert_eq!(valid.as_ref(), Some(&entry.license), "{}", entry.name);
        }
    }
}
