//! Builds output keys from the photo's key, and recognizes output by its key.

use std::fmt;

/// The placeholder for the photo's key.
const KEY: &str = "{key}";
/// The placeholder for a picture's name.
const NAME: &str = "{name}";
/// The placeholder for a picture's file extension.
const EXTENSION: &str = "{extension}";

/// The name and extension of a sidecar.
const SIDECAR: (&str, &str) = ("answer", "json");

/// A key with the placeholder `{key}` for the photo's key, and possibly `{name}` and `{extension}` for a picture's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    prefix: String,
    suffix: String,
}

impl KeyPattern {
    /// `None` unless the pattern contains `{key}` exactly once. S3 allows any key; only one that ends in `/` is
    /// refused, because S3's console shows it as a folder.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, suffix) = text.split_once(KEY)?;
        (!suffix.contains(KEY) && !suffix.ends_with('/')).then(|| Self {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    #[must_use]
    pub fn picture_key(&self, key: &str, name: &str, extension: &str) -> String {
        let filled = |part: &str| part.replace(NAME, name).replace(EXTENSION, extension);
        // The photo's own key is not searched for placeholders.
        format!("{}{key}{}", filled(&self.prefix), filled(&self.suffix))
    }

    /// A picture's key with `.jpg` replaced by `.json`, or with `.json` appended, unless the pattern has an extension.
    #[must_use]
    pub fn sidecar_key(&self, key: &str) -> String {
        self.sidecar_pattern().picture_key(key, SIDECAR.0, SIDECAR.1)
    }

    /// Whether `key` can be the key of a picture or a sidecar.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        is_match(&self.to_string(), key) || is_match(&self.sidecar_pattern().to_string(), key)
    }

    /// Whether it has only the placeholder `{key}`: a photo has no name and no format to choose.
    #[must_use]
    pub fn is_for_photos(&self) -> bool {
        let is_literal = |part: &str| !part.contains(NAME) && !part.contains(EXTENSION);
        is_literal(&self.prefix) && is_literal(&self.suffix)
    }

    /// Whether the key of a picture is the photo's own.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty()
    }

    /// Such keys are not specific to this function: other programs also write photos with an added extension.
    #[must_use]
    pub fn only_adds_extension(&self) -> bool {
        let is_alphanumeric = |rest: &str| rest.chars().all(|letter| letter.is_ascii_alphanumeric());
        if self.prefix.is_empty() && !self.suffix.contains(NAME) && !self.suffix.contains(EXTENSION) {
            return self.suffix.strip_prefix('.').is_some_and(is_alphanumeric);
        }
        let mut all = literals(&self.prefix).chain(literals(&self.suffix));
        all.all(|literal| !literal.contains(|letter: char| letter.is_ascii_alphanumeric()))
    }

    pub(crate) fn sidecar_pattern(&self) -> Self {
        let suffix = if self.suffix.contains(EXTENSION) {
            self.suffix.clone()
        } else {
            let stem = self.suffix.strip_suffix(".jpg");
            format!("{}.json", stem.unwrap_or(&self.suffix))
        };
        Self {
            prefix: self.prefix.clone(),
            suffix,
        }
    }
}

/// The texts between the placeholders; one more than these.
fn literals(part: &str) -> impl Iterator<Item = &str> {
    part.split(NAME).flat_map(|rest| rest.split(EXTENSION))
}

/// Whether `text` is `pattern` with each placeholder replaced by at least one character, and `{extension}` only by
/// letters and digits.
fn is_match(pattern: &str, text: &str) -> bool {
    let (mut pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // For each number of bytes: whether that many of `text` can be what is before `pattern`.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    while let [literal, rest @ ..] = pattern {
        let placeholder = [KEY, NAME, EXTENSION].map(str::as_bytes);
        let placeholder = placeholder.into_iter().find(|name| pattern.starts_with(name));
        let mut next = vec![false; reached.len()];
        for (at, byte) in text.iter().enumerate() {
            next[at + 1] = match placeholder {
                Some(name) => {
                    let is_allowed = name != EXTENSION.as_bytes() || byte.is_ascii_alphanumeric();
                    (reached[at] || next[at]) && is_allowed
                }
                None => reached[at] && byte == literal,
            };
        }
        if !next.contains(&true) {
            return false;
        }
        (pattern, reached) = (placeholder.map_or(rest, |name| &pattern[name.len()..]), next);
    }
    reached[text.len()]
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{KEY}{}", self.prefix, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_match_the_pattern() {
        let suffix = KeyPattern::parse("{key}_rs.jpg").unwrap();
        assert_eq!(suffix.picture_key("a/b.png", "annotated", "jpg"), "a/b.png_rs.jpg");
        assert_eq!(suffix.sidecar_key("a/b.png"), "a/b.png_rs.json");
        assert!(suffix.matches("a/b.png_rs.jpg") && suffix.matches("a/b.png_rs.json"));
        assert!(!suffix.matches("a/b.jpg"));

        let prefix = KeyPattern::parse("faces/{key}").unwrap();
        assert_eq!(prefix.picture_key("b.jpg", "annotated", "jpg"), "faces/b.jpg");
        assert_eq!(prefix.sidecar_key("b.jpg"), "faces/b.jpg.json");
        assert!(prefix.matches("faces/b.jpg") && !prefix.matches("b.jpg"));
        assert_eq!(prefix.to_string(), "faces/{key}");
    }

    #[test]
    fn names_and_extensions_distinguish_pictures() {
        let pattern = KeyPattern::parse("small/{name}/{key}.{extension}").unwrap();
        assert_eq!(
            pattern.picture_key("{name}.png", "320", "webp"),
            "small/320/{name}.png.webp"
        );
        assert_eq!(pattern.sidecar_key("a.png"), "small/answer/a.png.json");
        for (key, expected) in [
            ("small/320/a.png.webp", true),
            ("small/answer/a.png.json", true),
            ("small/a.png", false),
            ("large/320/a.png.webp", false),
        ] {
            assert_eq!(pattern.matches(key), expected, "{key}");
        }
        assert!(!pattern.only_adds_extension());
        for unspecific in [
            "{key}.{extension}",
            "{key}_{name}.{extension}",
            "{name}/{key}.{extension}",
        ] {
            assert!(
                KeyPattern::parse(unspecific).unwrap().only_adds_extension(),
                "{unspecific}"
            );
        }
    }

    #[test]
    fn an_extension_has_letters_and_digits() {
        let pattern = KeyPattern::parse("{key}_output.{extension}").unwrap();
        for (key, expected) in [
            ("a/b.jpg_output.webp", true),
            ("a_output.b_output.jpg", true),
            ("\u{e9}_output.json", true),
            ("a_output.d/b.jpg", false),
            ("a_output.v2 (1).jpg", false),
            ("a_output.", false),
            ("_output.jpg", false),
            ("", false),
        ] {
            assert_eq!(pattern.matches(key), expected, "{key}");
        }
        // Takes no longer for what cannot match.
        let long = KeyPattern::parse(&format!("{{key}}{}", "{name}".repeat(1 << 20))).unwrap();
        assert!(!long.matches(&"a".repeat(1024)));
    }

    #[test]
    fn a_photo_has_neither_a_name_nor_an_extension() {
        for (pattern, expected) in [
            ("rejected/{key}", true),
            ("{key}{extension}", false),
            ("{name}/{key}", false),
        ] {
            assert_eq!(
                KeyPattern::parse(pattern).unwrap().is_for_photos(),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn pattern_needs_exactly_one_key_placeholder() {
        assert_eq!(KeyPattern::parse("photo.jpg"), None);
        assert_eq!(KeyPattern::parse("{key}{key}"), None);
        assert_eq!(KeyPattern::parse("{key}/"), None);
        for pattern in ["/a/{key}", "../{key}", "a//{key}", "{key}/../b"] {
            let parsed = KeyPattern::parse(pattern).unwrap();
            assert_eq!(parsed.picture_key("//k", "n", "jpg"), pattern.replace("{key}", "//k"));
        }
        assert!(KeyPattern::parse("{key}.jpg").unwrap().only_adds_extension());
        assert!(!KeyPattern::parse("{key}.faces.jpg").unwrap().only_adds_extension());
        assert!(KeyPattern::parse("{key}").unwrap().is_identity());
    }
}
