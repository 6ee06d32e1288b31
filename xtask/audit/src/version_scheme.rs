//! Compares versions. Every ecosystem has its own order; with a wrong one, a vulnerable package passes for a fixed one
//! or vice versa.

use std::cmp::Ordering;

use anyhow::{Context, Result, ensure};
use semver::Version;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionScheme {
    /// Crates: <https://semver.org/>.
    Semver,
    /// C libraries: any number of numbers separated by dots, followed by letters (`1.6.57`, `9e`, `1.3.1.1-motley`,
    /// `3.0-rc1`).
    Dotted,
    /// Debian packages: epoch, upstream version, revision. See deb-version(7).
    Deb,
    /// RPM packages: epoch, version, release. See rpm-version(7).
    Rpm,
}

/// Suffixes of versions before the release with the same number.
const BEFORE_RELEASE: [&str; 6] = ["alpha", "beta", "dev", "pre", "preview", "rc"];

impl VersionScheme {
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering> {
        for version in [left, right] {
            ensure!(
                version.is_ascii() && version.bytes().any(|byte| byte.is_ascii_digit()),
                "`{version}` is not a version: it has no number, or characters beyond ASCII"
            );
        }
        let parse = |text: &str| Version::parse(text).with_context(|| format!("`{text}` is not a semantic version"));
        Ok(match self {
            Self::Semver => parse(left)?.cmp_precedence(&parse(right)?),
            Self::Dotted => dotted(left, right),
            Self::Deb => packaged(left, right, deb_part),
            Self::Rpm => packaged(left, right, rpm_part),
        })
    }
}

/// Missing numbers count as zero: `1.3` is `1.3.0`.
fn dotted(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    loop {
        let order = token(&mut left).cmp(&token(&mut right));
        if order.is_ne() || (left.is_empty() && right.is_empty()) {
            return order;
        }
    }
}

/// Takes the next number or word as a comparable tuple: its class, its length if it is a number, and its bytes.
fn token(rest: &mut &[u8]) -> (i8, usize, Vec<u8>) {
    let _ = take(rest, |byte| !byte.is_ascii_alphanumeric());
    let word = take(rest, |byte| byte.is_ascii_alphabetic()).to_ascii_lowercase();
    if !word.is_empty() {
        let early = BEFORE_RELEASE.iter().any(|name| name.as_bytes() == word);
        return (if early { -1 } else { 1 }, 0, word);
    }
    let number = number(rest);
    let class = if number.is_empty() { 0 } else { 2 };
    (class, number.len(), number.to_vec())
}

/// Compares the parts of `EPOCH:VERSION-REVISION` in order.
fn packaged(left: &str, right: &str, part: fn(&[u8], &[u8]) -> Ordering) -> Ordering {
    fn parts(version: &str) -> [&[u8]; 3] {
        let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        [epoch, upstream, revision].map(str::as_bytes)
    }
    let pairs = parts(left).into_iter().zip(parts(right));
    // A missing epoch or revision is equal to 0 in both orders.
    let zero = |text| if <[u8]>::is_empty(text) { b"0" } else { text };
    let mut orders = pairs.map(|(left, right)| part(zero(left), zero(right)));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// dpkg's order of one part: alternating text and numbers. In text, a tilde is before the end, the end before letters,
/// and letters before everything else.
fn deb_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) if !byte.is_ascii_digit() => i32::from(*byte) + 256,
        _ => 0,
    };
    while !left.is_empty() || !right.is_empty() {
        loop {
            let (one, other) = (weight(left.first()), weight(right.first()));
            if one != other {
                return one.cmp(&other);
            }
            if one == 0 {
                break;
            }
            (left, right) = (&left[1..], &right[1..]);
        }
        let order = by_value(number(&mut left), number(&mut right));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// rpm's order of one part: numbers and words; separators are ignored. A tilde is before the end, a caret after it, and
/// numbers are after words.
fn rpm_part<'a>(mut left: &'a [u8], mut right: &'a [u8]) -> Ordering {
    loop {
        for side in [&mut left, &mut right] {
            take(side, |b| !b.is_ascii_alphanumeric() && !b"~^".contains(&b));
        }
        let rank = |byte: Option<&u8>| match byte {
            Some(b'~') => 0,
            None => 1,
            Some(b'^') => 2,
            Some(byte) if byte.is_ascii_alphabetic() => 3,
            Some(_) => 4,
        };
        let (one, other) = (rank(left.first()), rank(right.first()));
        let order = match (one, other) {
            (1, 1) => return Ordering::Equal,
            (3, 3) => {
                let words = [&mut left, &mut right].map(|side| take(side, |byte| byte.is_ascii_alphabetic()).to_vec());
                words[0].cmp(&words[1])
            }
            (4, 4) => by_value(number(&mut left), number(&mut right)),
            (0, 0) | (2, 2) => {
                (left, right) = (&left[1..], &right[1..]);
                Ordering::Equal
            }
            _ => one.cmp(&other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = rest.iter().position(|byte| !wanted(*byte));
    let (taken, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after;
    taken
}

/// Takes a number of any length, without leading zeros.
fn number<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    take(rest, |byte| byte == b'0');
    take(rest, |byte| byte.is_ascii_digit())
}

fn by_value(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line is in ascending order; `=` joins equal versions.
    fn ascending(order: VersionScheme, lines: &[&str]) {
        for line in lines {
            let groups: Vec<Vec<_>> = line
                .split_whitespace()
                .map(|group| group.split('=').collect())
                .collect();
            for (i, one) in groups.iter().enumerate() {
                for (j, other) in groups.iter().enumerate() {
                    for left in one {
                        for right in other {
                            let found = order.compare(left, right).unwrap();
                            assert_eq!(found, i.cmp(&j), "{order:?}: {left} {right}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn dotted_versions_compare_numbers_then_letters() {
        ascending(
            VersionScheme::Dotted,
            &[
                "1.2.0 1.2.11 1.3=1.3.0=1.3.0.0 1.3.1 1.3.1.1 1.3.1.1-motley 1.3.1.2 1.3.2 1.10",
                "1.6.9 1.6.37 1.6.56 1.6.57 1.6.100 1.7.0beta1 1.7.0 2",
                "2.0.90 2.1.0-rc1=2.1.0rc1 2.1.0-rc2 2.1.0 2.1.0.1 3.0-beta 3.0 3.1.2",
                "3 3a 3c 4 4.5.5 4.5.5-1 4.14.0",
                "9d 9e 9f 10",
            ],
        );
    }

    #[test]
    fn crates_compare_as_semantic_versions() {
        ascending(
            VersionScheme::Semver,
            &["0.3.9 0.3.24 0.104.0-alpha.2 0.104.0-alpha.10 0.104.0=0.104.0+build.5 1.10.0"],
        );
        assert!(VersionScheme::Semver.compare("1.2", "1.2.0").is_err());
    }

    #[test]
    fn debian_has_epochs_tildes_and_revisions() {
        ascending(
            VersionScheme::Deb,
            &[
                "2.36-8 2.36-9~bpo1 2.36-9 2.36-9+deb12u9 2.36-9+deb12u14 2.36-10 2.41-12+deb13u2 1:1.0",
                "1.0~rc1-1 1.0=0:1.0=1.0-0 1.0-0ubuntu1 1.0-1 1.0a 1.0+dfsg-1 1.0.1 1.00000000000000000000002",
                "2.38-1 2.38.1-5+b1 2.38.1-5.1",
                "1.0-1-1 1.0-2-1",
            ],
        );
    }

    #[test]
    fn rpm_ignores_separators_and_has_carets() {
        ascending(
            VersionScheme::Rpm,
            &[
                "2.34-9.amzn2023 2.34-117.amzn2023=2_34-117_amzn2023 2.34-117.amzn2023.0.1 2.38-1 1:2.0-1",
                "1.0~rc1-1 1.0-1 1.0^git1-1 1.0.1-1",
                "1.0.a-1 1.0.1-1",
                "1.a 1.b 1.0001=1.1",
            ],
        );
    }

    #[test]
    fn invalid_versions_are_rejected() {
        for order in [
            VersionScheme::Semver,
            VersionScheme::Dotted,
            VersionScheme::Deb,
            VersionScheme::Rpm,
        ] {
            for text in ["", "unknown", "-", "1.0é", "ä1"] {
                assert!(order.compare(text, "1.0.0").is_err(), "{order:?} {text}");
            }
        }
    }
}
