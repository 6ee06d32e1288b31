//! Parses sizes in decimal units, such as `12 MB` or `640 kB`, to an exact number of bytes.

use anyhow::{Result, anyhow};
use serde::Deserialize;

/// Each unit and its power of ten.
const UNITS: [(&str, usize); 4] = [("B", 0), ("kB", 3), ("MB", 6), ("GB", 9)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ByteSize(pub u64);

impl TryFrom<String> for ByteSize {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        parse(&text).map(Self).ok_or_else(|| {
            let units = UNITS.map(|(unit, _)| unit).join(", ");
            anyhow!(
                "`{text}` is not a size; use a number and one of the decimal units {units}, \
                 such as \"12 MB\" or \"3.6 MB\""
            )
        })
    }
}

fn parse(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let (_, digits) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let ended = number.ends_with('.');
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if ended || whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    if fraction.len() > *digits {
        return None;
    }
    // All digits, padded with zeros to the unit's power of ten.
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Result<u64> {
        ByteSize::try_from(text.to_owned()).map(|bytes| bytes.0)
    }

    #[test]
    fn units_are_decimal_and_fractions_exact() {
        for (text, expected) in [
            ("12 MB", 12_000_000),
            ("7.2 MB", 7_200_000),
            ("0.07 kB", 70),
            ("640 kB", 640_000),
            ("17 B", 17),
            ("1.5 GB", 1_500_000_000),
            ("0 B", 0),
        ] {
            assert_eq!(bytes(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn invalid_size_error_lists_units() {
        for text in [
            "12",
            "12MB",
            "12 MiB",
            "12 mb",
            "-1 MB",
            "1. MB",
            ".5 MB",
            "1e3 B",
            "1.5 B",
            "",
            "MB",
            "1.2.3 MB",
            "1,2 MB",
            "99999999999999 GB",
        ] {
            let error = bytes(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a size")), "{error}");
            assert!(error.contains("B, kB, MB, GB"), "{error}");
        }
    }
}
