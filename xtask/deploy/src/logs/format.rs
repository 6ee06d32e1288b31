//! Lines of a log as text, with their times in UTC.

use support::output::format_bytes;
use time::OffsetDateTime;

use super::line::{FailureLine, Line, PhotoLine};
use crate::invocations::{format_memory, format_number};
use crate::report_line::Report;
use crate::terminal::{lines, one_line};

/// One or more lines, without the last line end.
pub fn format_line(line: &Line, timestamp: i64, now: i64) -> String {
    format!("{}  {}", format_time(timestamp, now), line_text(line))
}

/// Empty for a redundant line.
pub fn line_text(line: &Line) -> String {
    match line {
        Line::Photo(photo) => photo_text(photo),
        Line::Skipped { message, object } => format!("{}  {}", one_line(object), one_line(message)),
        Line::Failure(failure) => failure_text(failure),
        Line::Report(report) => report_text(report),
        Line::Other { text } => indented(text),
        Line::Redundant => String::new(),
    }
}

/// `timestamp` and `now` are milliseconds since 1970. The date is left out if it is today's, and the year if it is this
/// one.
pub fn format_time(timestamp: i64, now: i64) -> String {
    let (Some(time), Some(now)) = (date_time(timestamp), date_time(now)) else {
        return timestamp.to_string();
    };
    if time.date() == now.date() {
        clock(time)
    } else if time.year() == now.year() {
        format!("{} {}", month_and_day(time), clock(time))
    } else {
        format!("{}-{} {}", time.year(), month_and_day(time), clock(time))
    }
}

/// As RFC 3339, with milliseconds.
pub fn rfc3339(timestamp: i64) -> String {
    date_time(timestamp).map_or_else(
        || timestamp.to_string(),
        |time| format!("{:04}-{}T{}Z", time.year(), month_and_day(time), clock(time)),
    )
}

fn month_and_day(time: OffsetDateTime) -> String {
    format!("{:02}-{:02}", u8::from(time.month()), time.day())
}

fn clock(time: OffsetDateTime) -> String {
    let (hour, minute, second) = time.to_hms();
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", time.millisecond())
}

fn date_time(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()
}

fn photo_text(photo: &PhotoLine) -> String {
    let counts = photo.counts.iter().map(|(plural, number)| count(plural, *number));
    let steps = photo.steps.iter();
    let steps = steps.map(|(name, time)| format!("{} {}", one_line(name), format_number(*time)));
    let mut text = one_line(&photo.object);
    let (counts, steps) = (
        counts.collect::<Vec<_>>().join(", "),
        steps.collect::<Vec<_>>().join(", "),
    );
    for part in [
        counts,
        format!(
            "{}x{} {}, {}",
            photo.width,
            photo.height,
            one_line(&photo.format),
            format_bytes(photo.bytes)
        ),
        if steps.is_empty() { steps } else { format!("{steps} ms") },
    ] {
        if !part.is_empty() {
            text += &format!("  {part}");
        }
    }
    for (picture, error) in &photo.picture_errors {
        text += &format!("  {} failed: {}", one_line(picture), one_line(error));
    }
    text
}

/// `1 face` of `faces`: the harness makes the plural with an `s`.
pub fn count(plural: &str, number: u64) -> String {
    let name = match number {
        1 => plural.strip_suffix('s').unwrap_or(plural),
        _ => plural,
    };
    format!("{number} {}", one_line(name))
}

fn failure_text(failure: &FailureLine) -> String {
    if let Some(text) = &failure.text {
        return indented(text);
    }
    let temporary = if failure.temporary { " (temporary)" } else { "" };
    format!(
        "ERROR {}  {}{temporary}",
        one_line(&failure.name),
        failure_example(failure)
    )
}

/// Of an error of the harness, its object and its message; of another one, its line.
pub fn failure_example(failure: &FailureLine) -> String {
    let parts = [&failure.object, &failure.error, &failure.text];
    let parts: Vec<_> = parts.into_iter().flatten().map(|part| one_line(part)).collect();
    parts.join(": ")
}

/// All lines but the first are indented.
fn indented(text: &str) -> String {
    lines(text).replace('\n', "\n    ")
}

fn report_text(report: &Report) -> String {
    let kind = if report.is_cold() { "cold" } else { "warm" };
    let ms = |name: &str, value: Option<f64>| {
        value.map_or_else(String::new, |value| format!(", {name} {} ms", format_number(value)))
    };
    let mut text = format!("REPORT {kind}{}", ms("duration", Some(report.duration_ms)));
    text += &ms("init", report.init_ms);
    text += &ms("restore", report.restore_ms);
    text += &ms("billed", report.billed_ms);
    text += &format!(", {}", format_memory(report.max_memory_mb, report.memory_size_mb));
    if let Some(failure) = &report.failure {
        text += &format!(", {}", one_line(failure));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line::tests::{FAILED, PHOTO};
    use crate::report_line::tests::{COLD, TIMEOUT};

    /// 2026-11-29T15:00:00.123Z
    const TIME: i64 = 1_795_964_400_123;
    const DAY: i64 = 86_400_000;

    #[test]
    fn times_have_the_date_where_it_is_needed() {
        assert_eq!(format_time(TIME, TIME + 1000), "15:00:00.123");
        assert_eq!(format_time(TIME, TIME + DAY), "11-29 15:00:00.123");
        assert_eq!(format_time(TIME, TIME + 40 * DAY), "2026-11-29 15:00:00.123");
        assert_eq!(rfc3339(TIME), "2026-11-29T15:00:00.123Z");
    }

    #[test]
    fn lines_say_what_happened() {
        let text = |line: &str| format_line(&Line::parse(line), TIME, TIME);
        assert_eq!(
            text(PHOTO),
            "15:00:00.123  s3://photos/in/a.jpg  2 eyes, 1 face  512x512 jpeg, 82.1 kB  download 12.4, decode 3.1, \
             detect 21.7, annotate 2, upload 9.5 ms"
        );
        assert_eq!(
            text(FAILED),
            "15:00:00.123  ERROR ObjectNotFound  s3://photos/in/b.jpg: there is no object s3://photos/in/b.jpg"
        );
        assert!(text(&FAILED.replace("false", "true")).ends_with(" (temporary)"));
        assert_eq!(
            text(COLD),
            "15:00:00.123  REPORT cold, duration 812.3 ms, init 213.4 ms, billed 1026 ms, 212 of 1769 MB"
        );
        assert!(text(TIMEOUT).ends_with("64 of 1024 MB, timeout"));
        assert_eq!(text("first\n  second\n"), "15:00:00.123  first\n      second");
    }

    #[test]
    fn names_of_objects_cannot_command_a_terminal() {
        let line = PHOTO.replace("a.jpg", r"a\u001b[2J\nb\u009b31m.jpg");
        let text = format_line(&Line::parse(&line), TIME, TIME);
        assert!(text.chars().all(|letter| !letter.is_control()), "{text:?}");
        assert!(text.contains(r"a\u{1b}[2J\nb\u{9b}31m.jpg"), "{text}");
        let raw = format_line(&Line::parse("a\tb\u{1b}[2J"), TIME, TIME);
        assert!(raw.ends_with("a\tb\\u{1b}[2J"), "{raw:?}");
    }
}
