//! Ranges of versions that a vulnerability affects.

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use anyhow::Result;
use serde::Deserialize;

use super::version_scheme::VersionScheme;

/// All versions between two optional bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first affected version.
    pub from: Option<String>,
    /// The last version that is not affected yet.
    pub after: Option<String>,
    /// The first fixed version.
    pub before: Option<String>,
    /// The last affected version, if no fixed version is known.
    pub through: Option<String>,
}

impl Range {
    pub fn contains(&self, scheme: VersionScheme, version: &str) -> Result<bool> {
        let bound = |bound: &Option<String>, wanted: fn(Ordering) -> bool| match bound {
            Some(bound) => scheme.compare(version, bound).map(wanted),
            None => Ok(true),
        };
        Ok(bound(&self.from, Ordering::is_ge)?
            && bound(&self.after, Ordering::is_gt)?
            && bound(&self.before, Ordering::is_lt)?
            && bound(&self.through, Ordering::is_le)?)
    }

    pub fn bounds(&self) -> impl Iterator<Item = &str> {
        let bounds = [&self.from, &self.after, &self.before, &self.through];
        bounds.into_iter().flatten().map(String::as_str)
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let signs = [">=", ">", "<", "<="];
        let bounds = [&self.from, &self.after, &self.before, &self.through];
        let bounds = signs.iter().zip(bounds);
        let bounds = bounds.filter_map(|(sign, bound)| Some(format!("{sign} {}", bound.as_ref()?)));
        match bounds.collect::<Vec<_>>().join(", ") {
            all if all.is_empty() => f.write_str("all versions"),
            bounds => f.write_str(&bounds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn range_bounds_are_inclusive_or_exclusive() {
        let holds = |range: &Range, version| range.contains(VersionScheme::Dotted, version).unwrap();
        let fixed = range("from = '0.5.0'\nbefore = '1.3.2'");
        let found = ["0.4.9", "0.5.0", "1.3.1", "1.3.2"].map(|version| holds(&fixed, version));
        assert_eq!(found, [false, true, true, false]);
        assert_eq!(fixed.to_string(), ">= 0.5.0, < 1.3.2");
        let open = range("after = '1.0'\nthrough = '2.43'");
        let found = ["1.0", "1.0.1", "2.43", "2.44"].map(|version| holds(&open, version));
        assert_eq!(found, [false, true, true, false]);
        assert!(holds(&Range::default(), "9"));
        assert_eq!(Range::default().to_string(), "all versions");
        assert!(toml::from_str::<Range>("until = '1'").is_err());
    }
}
