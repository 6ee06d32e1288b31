//! The tree of an artefact's parts, down to functions and files.

use anyhow::{Result, ensure};
use package::competitors::Measure;
use serde::{Deserialize, Serialize};

/// An artefact, or a part of one. The bytes of its parts, if it has any, sum up to its own; [`Part::check_sums`] checks
/// that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Unique among the parts of one whole. That of a function is demangled.
    pub name: String,
    /// The uncompressed size.
    pub bytes: u64,
    /// `None` for a part that has parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The bytes of a static library or its member in `bootstrap`.
    #[serde(default, alias = "linked", skip_serializing_if = "Option::is_none")]
    pub linked_bytes: Option<u64>,
    /// The size of a layer's blob or an archive's entry. That of `bootstrap` is the size of the zip archive's entry.
    #[serde(default, alias = "packed", skip_serializing_if = "Option::is_none")]
    pub compressed_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Code,
    /// Read-only data: constants, tables, texts.
    Constants,
    /// Writable data, or data with addresses that the loader sets.
    Data,
    Unwind,
    Relocations,
    /// Names and headers that the loader or tools read.
    Linking,
    Padding,
    /// A whole file or archive member whose content is not analysed.
    File,
}

impl Kind {
    pub fn label(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Constants => "constants",
            Self::Data => "data",
            Self::Unwind => "unwind tables",
            Self::Relocations => "relocations",
            Self::Linking => "linking",
            Self::Padding => "padding",
            Self::File => "file",
        }
    }
}

impl Part {
    pub fn bytes_by(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Uncompressed => Some(self.bytes),
            Measure::Compressed => self.compressed_bytes,
        }
    }

    pub fn leaf(name: impl Into<String>, bytes: u64, kind: Kind) -> Self {
        Self {
            name: name.into(),
            bytes,
            kind: Some(kind),
            ..Self::default()
        }
    }

    /// A part with `parts`, which are sorted by size, the largest first, and then by name.
    pub fn branch(name: impl Into<String>, mut parts: Vec<Part>) -> Self {
        parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        Self {
            name: name.into(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
            parts,
            ..Self::default()
        }
    }

    pub fn get(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// A copy with at most `depth` levels of parts.
    #[must_use]
    pub fn truncated(&self, depth: usize) -> Self {
        let parts = self.parts.iter();
        let parts: Vec<_> = match depth.checked_sub(1) {
            Some(depth) => parts.map(|part| part.truncated(depth)).collect(),
            None => Vec::new(),
        };
        let is_truncated = parts.is_empty() && !self.parts.is_empty();
        Self {
            kind: if is_truncated { Some(Kind::File) } else { self.kind },
            parts,
            ..self.clone()
        }
    }

    /// # Errors
    /// The bytes of parts do not sum up to those of the whole, at any depth.
    pub fn check_sums(&self) -> Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let sum: u64 = self.parts.iter().map(|part| part.bytes).sum();
        ensure!(
            sum == self.bytes,
            "the parts of `{}` have {sum} bytes, and it has {}",
            self.name,
            self.bytes
        );
        self.parts.iter().try_for_each(Part::check_sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_sums_and_sorts_its_parts() {
        let leaf = |name: &str, bytes| Part::leaf(name, bytes, Kind::Code);
        let whole = Part::branch("w", vec![leaf("b", 3), leaf("c", 4), leaf("a", 3)]);
        assert_eq!(whole.bytes, 10);
        let names: Vec<_> = whole.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["c", "a", "b"]);
        whole.check_sums().unwrap();
    }

    #[test]
    fn check_sums_finds_nested_mismatch() {
        let mut inner = Part::branch("inner", vec![Part::leaf("l", 3, Kind::Data)]);
        inner.bytes = 4;
        let outer = Part::branch("outer", vec![inner]);
        let error = outer.check_sums().unwrap_err().to_string();
        assert_eq!(error, "the parts of `inner` have 3 bytes, and it has 4");
    }
}
