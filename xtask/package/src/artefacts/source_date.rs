//! The timestamp of all files and documents in an artefact.

use std::env;
use std::ffi::OsStr;

use anyhow::{Context, Result};

/// `SOURCE_DATE_EPOCH` in seconds since 1970, 0 if it is not set. See
/// <https://reproducible-builds.org/specs/source-date-epoch/>.
pub fn source_date_epoch() -> Result<u64> {
    env::var_os("SOURCE_DATE_EPOCH").map_or(Ok(0), |text| parse(&text))
}

/// Accepts times up to the end of the year 9999, the last that an image's RFC 3339 date can represent.
fn parse(text: &OsStr) -> Result<u64> {
    const LAST: u64 = 253_402_300_799;
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.filter(|time| *time <= LAST).with_context(|| {
        format!(
            "SOURCE_DATE_EPOCH is `{}`; it must be whole seconds since 1970, such as what \
             `git log -1 --format=%ct` prints",
            text.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_date_epoch_accepts_whole_seconds_only() {
        assert_eq!(parse(OsStr::new("1735689599")).unwrap(), 1_735_689_599);
        for text in ["", "-1", "1.5", "yesterday", "99999999999999"] {
            let error = parse(OsStr::new(text)).unwrap_err().to_string();
            assert!(error.contains(&format!("is `{text}`")), "{error}");
        }
    }
}
