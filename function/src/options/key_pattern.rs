//! Builds output keys from the photo's key, and recognizes output by its key.

/// A key with the placeholder `{key}` for the photo's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    prefix: String,
    suffix: String,
}

impl KeyPattern {
    /// `None` unless the pattern contains `{key}` exactly once. S3 allows any key; only one that ends in `/` is
    /// refused, because S3's console shows it as a folder.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, suffix) = text.split_once("{key}")?;
        (!suffix.contains("{key}") && !suffix.ends_with('/')).then(|| Self {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    pub fn annotated_key(&self, key: &str) -> String {
        format!("{}{key}{}", self.prefix, self.suffix)
    }

    /// The annotated photo's key with `.jpg` replaced by `.json`, or with `.json` appended.
    pub fn sidecar_key(&self, key: &str) -> String {
        format!("{}{key}{}", self.prefix, self.sidecar_suffix())
    }

    /// Whether `key` can be an annotated photo's or a sidecar's key.
    pub fn matches(&self, key: &str) -> bool {
        let has_suffix = |suffix: &str| {
            key.strip_prefix(&self.prefix)
                .is_some_and(|rest| rest.ends_with(suffix))
        };
        has_suffix(&self.suffix) || has_suffix(&self.sidecar_suffix())
    }

    /// Whether the annotated photo's key is the photo's own.
    pub fn is_identity(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty()
    }

    /// Such keys are not specific to this function: other programs also write photos with an added extension.
    pub fn only_adds_extension(&self) -> bool {
        let extension = self.suffix.strip_prefix('.');
        let is_alphanumeric = |rest: &str| rest.chars().all(|letter| letter.is_ascii_alphanumeric());
        self.prefix.is_empty() && extension.is_some_and(is_alphanumeric)
    }

    fn sidecar_suffix(&self) -> String {
        let stem = self.suffix.strip_suffix(".jpg");
        format!("{}.json", stem.unwrap_or(&self.suffix))
    }
}

impl std::fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{{key}}{}", self.prefix, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_match_the_pattern() {
        let suffix = KeyPattern::parse("{key}_rs.jpg").unwrap();
        assert_eq!(suffix.annotated_key("a/b.png"), "a/b.png_rs.jpg");
        assert_eq!(suffix.sidecar_key("a/b.png"), "a/b.png_rs.json");
        assert!(suffix.matches("a/b.png_rs.jpg") && suffix.matches("a/b.png_rs.json"));
        assert!(!suffix.matches("a/b.jpg"));

        let prefix = KeyPattern::parse("faces/{key}").unwrap();
        assert_eq!(prefix.annotated_key("b.jpg"), "faces/b.jpg");
        assert_eq!(prefix.sidecar_key("b.jpg"), "faces/b.jpg.json");
        assert!(prefix.matches("faces/b.jpg") && !prefix.matches("b.jpg"));
        assert_eq!(prefix.to_string(), "faces/{key}");
    }

    #[test]
    fn pattern_needs_exactly_one_key_placeholder() {
        assert_eq!(KeyPattern::parse("photo.jpg"), None);
        assert_eq!(KeyPattern::parse("{key}{key}"), None);
        assert_eq!(KeyPattern::parse("{key}/"), None);
        for pattern in ["/a/{key}", "../{key}", "a//{key}", "{key}/../b"] {
            let parsed = KeyPattern::parse(pattern).unwrap();
            assert_eq!(parsed.annotated_key("//k"), pattern.replace("{key}", "//k"));
        }
        assert!(KeyPattern::parse("{key}.jpg").unwrap().only_adds_extension());
        assert!(!KeyPattern::parse("{key}.faces.jpg").unwrap().only_adds_extension());
        assert!(KeyPattern::parse("{key}").unwrap().is_identity());
    }
}
