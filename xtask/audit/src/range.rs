//! A range of versions that a vulnerability is in.

use std::fmt::{self, Display, Formatter};

use anyhow::Result;
use serde::Deserialize;

use super::version_scheme::VersionScheme;

/// All versions between two bounds, each of which may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first that is in it.
    pub from: Option<String>,
    /// The last that is below it.
    pub after: Option<String>,
    /// The first that is fixed.
    pub before: Option<String>,
    /// The last that is in it, where the first fixed one has no number yet.
    pub through: Option<String>,
}

impl Range {
    pub fn contains(&self, scheme: VersionScheme, version: &str) -> Result<bool> {
        let bound = |bound: &Option<String>, wanted: fn(std::cmp::Ordering) -> bool| match bound {
            Some(bound) => scheme.compare(version, bound).map(wanted),
            None => Ok(true),
        };
        Ok(bound(&self.from, |o| o.is_ge())?
            && bound(&self.after, |o| o.is_gt())?
            && bound(&self.before, |o| o.is_lt())?
            && bound(&self.through, |o| o.is_le())?)
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
        let holds =
            |range: &Range, version| range.contains(VersionScheme::Dotted, version).unwrap();
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
