//! Formats differences, shares, ratios and long names.

use support::output::format_bytes;

pub fn difference(before: u64, after: u64) -> i64 {
    after.cast_signed().wrapping_sub(before.cast_signed())
}

/// Formats as `+1.2 kB`.
pub fn format_signed_bytes(bytes: i64) -> String {
    let sign = match bytes {
        0 => "",
        1.. => "+",
        ..0 => "-",
    };
    format!("{sign}{}", format_bytes(bytes.unsigned_abs()))
}

/// None if `other` is zero.
pub fn ratio(bytes: u64, other: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
    (other > 0).then(|| bytes as f64 / other as f64)
}

/// Formats as `2.4x` or `76x`.
pub fn format_ratio(ratio: f64) -> String {
    let digits = usize::from(ratio < 10.0);
    format!("{ratio:.digits$}x")
}

/// Formats `bytes` of `whole` as `12.3%`; empty if `whole` is zero.
pub fn format_percentage(bytes: u64, whole: u64) -> String {
    match ratio(bytes, whole) {
        None => String::new(),
        Some(part) if part > 0.0 && part < 0.001 => "<0.1%".to_owned(),
        Some(part) => format!("{:.1}%", part * 100.0),
    }
}

/// Formats as `+12.3%`; empty if `before` is zero.
pub fn format_percent_change(before: u64, after: u64) -> String {
    ratio(after, before).map_or(String::new(), |ratio| format!("{:+.1}%", (ratio - 1.0) * 100.0))
}

/// Replaces the middle of a name of more than `width` characters by `…`.
pub fn truncate_middle(name: &str, width: usize) -> String {
    let characters = name.chars().count();
    if characters <= width {
        return name.to_owned();
    }
    let kept = width.saturating_sub(1);
    // Names of parts of the same whole differ more often at their end, which gets the odd character.
    let head = kept / 2;
    let tail = kept - head;
    let begin = name.chars().take(head);
    let end = name.chars().skip(characters - tail);
    begin.chain(['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_signed() {
        assert_eq!(format_signed_bytes(difference(10_000, 11_200)), "+1.2 kB");
        assert_eq!(format_signed_bytes(difference(1_200_000, 0)), "-1.20 MB");
        assert_eq!(format_signed_bytes(difference(7, 7)), "0 B");
        assert_eq!(format_signed_bytes(difference(0, u64::MAX)), "-1 B");
    }

    #[test]
    fn ratios_have_few_significant_digits() {
        assert_eq!(format_ratio(ratio(24, 10).unwrap()), "2.4x");
        assert_eq!(format_ratio(ratio(712_000_000, 9_383_632).unwrap()), "76x");
        assert_eq!(ratio(1, 0), None);
        assert_eq!(format_percentage(1, 8), "12.5%");
        assert_eq!(format_percentage(1, 8_000), "<0.1%");
        assert_eq!(format_percentage(0, 8_000), "0.0%");
        assert_eq!(format_percent_change(200, 190), "-5.0%");
        assert_eq!(format_percent_change(0, 190), "");
    }

    #[test]
    fn long_names_are_truncated_in_the_middle() {
        assert_eq!(truncate_middle("abcdefgh", 8), "abcdefgh");
        assert_eq!(truncate_middle("abcdefghi", 8), "abc…fghi");
        assert_eq!(truncate_middle("äöüäöüäöü", 4), "ä…öü");
        assert_eq!(truncate_middle("abc", 0), "…");
    }
}
