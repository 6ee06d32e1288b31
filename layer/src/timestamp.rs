//! Conversions of Unix time to dates in UTC.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Error, Result};

pub(crate) fn from_unix_seconds(seconds: u64) -> Result<OffsetDateTime> {
    let signed = i64::try_from(seconds).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(signed).map_err(|_| out_of_range(seconds))
}

fn out_of_range(seconds: u64) -> Error {
    Error::Other(format!("the Unix time {seconds} is after the year 9999"))
}

/// Formats a Unix time in UTC, as in `2022-03-04T05:06:07Z`.
///
/// # Errors
/// The time is after the year 9999.
pub fn rfc3339(seconds: u64) -> Result<String> {
    let text = from_unix_seconds(seconds)?.format(&Rfc3339);
    text.map_err(|_| out_of_range(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_seconds_format_as_rfc3339() {
        // Compared with `date -u -d @N +%FT%TZ`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds).unwrap(), text);
        }
        for seconds in [253_402_300_800, u64::MAX] {
            let error = rfc3339(seconds).unwrap_err().to_string();
            assert!(error.contains(&seconds.to_string()), "{error}");
        }
    }
}
