//! `cargo xtask logs`: the log of a deployed function, with the lines of the harness and of Lambda made readable, and
//! what they say together. With `--follow`, new lines are printed as they arrive, until it is interrupted.

pub(crate) mod event;
pub(crate) mod format;
pub(crate) mod line;
mod summary;

use std::io::{self, ErrorKind, Write};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};
use opencv_build::Architecture;
use package::function_package::{FunctionPackage, PackageArguments};
use package::workspace::Workspace;
use serde::Serialize;
use support::output::{CommandOutput, print};
use support::progress::print_status;

use self::event::{LogEvent, SeenEvents, fetch, milliseconds_now};
use self::format::{format_line, rfc3339};
use self::line::Line;
use self::summary::Summary;
use crate::aws::Aws;
use crate::function_version::FunctionVersion;
use crate::plan::default_log_group;
use crate::prices::Prices;
use crate::settings::Settings;

const POLL_INTERVAL: Duration = Duration::from_secs(2);

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    /// Print new lines until Ctrl-C, without a summary
    #[arg(long)]
    pub follow: bool,

    /// How far to look back, such as 30m, 1h or 2days
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub since: humantime::Duration,

    /// The function's name [default: `name` in deploy.toml, or the package's]
    #[arg(long)]
    pub name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogsOutput {
    log_group: String,
    /// How far back it goes.
    since: String,
    lines: Vec<LogLine>,
    summary: Summary,
    #[serde(skip)]
    now: i64,
}

#[derive(Serialize)]
struct LogLine {
    time: String,
    #[serde(skip)]
    timestamp: i64,
    #[serde(flatten)]
    line: Line,
}

struct LogSource {
    log_group: String,
    architecture: Architecture,
    /// Whether the function exists; a log can remain without it.
    is_deployed: bool,
}

/// With `json`, followed lines are one JSON object each.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let mut aws = Aws::default();
    let source = LogSource::find(&mut aws, arguments)?;
    let now = milliseconds_now();
    let back = i64::try_from(arguments.since.as_millis()).unwrap_or(i64::MAX);
    let start = now.saturating_sub(back).max(0);
    match arguments.follow {
        true => follow(&mut aws, &source, start, json),
        false => print(&source.read(&mut aws, start, now, arguments.since.to_string())?, json),
    }
}

impl LogSource {
    fn find(aws: &mut Aws, arguments: &Arguments) -> Result<Self> {
        let package = FunctionPackage::find(&Workspace::find(), &arguments.package)?;
        let settings = Settings::read(&package.manifest)?;
        let names = [&arguments.name, &settings.name].into_iter().flatten();
        let name = names.chain([&package.name]).next().map_or("", String::as_str);
        Ok(match FunctionVersion::find_any(aws, name, &settings)? {
            Some(function) => Self {
                log_group: function.log_group,
                architecture: function.architecture,
                is_deployed: true,
            },
            None => Self {
                log_group: default_log_group(name),
                architecture: Architecture::X86_64,
                is_deployed: false,
            },
        })
    }

    fn read(&self, aws: &mut Aws, start: i64, now: i64, since: String) -> Result<LogsOutput> {
        let lines = match fetch(aws, &self.log_group, start)? {
            Some(events) => events.iter().filter_map(LogLine::new).collect(),
            None if self.is_deployed => Vec::new(),
            None => bail!(
                "there is no log group `{}` in this account and Region; name a function that was deployed, with `--name`",
                self.log_group
            ),
        };
        let prices = Prices::embedded()?;
        let rates = prices.rates(self.architecture);
        let times = lines.iter().map(|line: &LogLine| (line.timestamp, &line.line));
        Ok(LogsOutput {
            log_group: self.log_group.clone(),
            since,
            summary: Summary::new(times, &prices, rates),
            lines,
            now,
        })
    }
}

/// Ends when nobody reads the output any more.
///
/// # Errors
/// CloudWatch Logs refuses it, or the output cannot be written.
fn follow(aws: &mut Aws, source: &LogSource, start: i64, json: bool) -> Result<()> {
    print_status(&format!("following {} until Ctrl-C", source.log_group));
    let mut seen = SeenEvents::since(start);
    loop {
        let events = match fetch(aws, &source.log_group, seen.start()) {
            Ok(events) => events.unwrap_or_default(),
            Err(error) if error.is_temporary() => {
                print_status(&format!("{error}; it is tried again"));
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let new = seen.new_ones(events);
        match write_lines(new.iter().filter_map(LogLine::new), json) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        sleep(POLL_INTERVAL);
    }
}

fn write_lines(lines: impl Iterator<Item = LogLine>, json: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for line in lines {
        let text = match json {
            true => serde_json::to_string(&line)?,
            false => format_line(&line.line, line.timestamp, milliseconds_now()),
        };
        writeln!(stdout, "{text}")?;
    }
    stdout.flush()
}

impl LogLine {
    /// `None` if it is redundant.
    fn new(event: &LogEvent) -> Option<Self> {
        let line = Line::parse(&event.message);
        (line != Line::Redundant).then(|| Self {
            time: rfc3339(event.timestamp),
            timestamp: event.timestamp,
            line,
        })
    }
}

impl CommandOutput for LogsOutput {
    /// Reports are only in the table.
    fn to_text(&self) -> String {
        let shown = self.lines.iter().filter(|line| !matches!(line.line, Line::Report(_)));
        let mut text = String::new();
        for line in shown {
            text += &format_line(&line.line, line.timestamp, self.now);
            text.push('\n');
        }
        let summary = self.summary.to_text(self.now);
        match (text.is_empty(), summary.is_empty()) {
            (true, true) => format!("{} has no lines of the last {}\n", self.log_group, self.since),
            (false, false) => format!("{text}\n{summary}"),
            _ => text + &summary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report_line::tests::WARM;

    fn output(messages: &[&str]) -> LogsOutput {
        let prices = Prices::embedded().unwrap();
        let event = |message: &&str| LogEvent {
            timestamp: 1000,
            id: String::new(),
            message: (*message).to_owned(),
        };
        let lines: Vec<_> = messages
            .iter()
            .map(event)
            .filter_map(|event| LogLine::new(&event))
            .collect();
        let times = lines.iter().map(|line| (line.timestamp, &line.line));
        LogsOutput {
            log_group: "/aws/lambda/thumbs".to_owned(),
            since: "1h".to_owned(),
            summary: Summary::new(times, &prices, prices.rates(Architecture::Aarch64)),
            lines,
            now: 2000,
        }
    }

    #[test]
    fn reports_are_only_in_the_table() {
        let text = output(&["START RequestId: a Version: 1\n", "hello\n", WARM]).to_text();
        let (lines, summary) = text.split_once("\n\n").unwrap();
        assert_eq!(lines, "00:00:01.000  hello");
        assert!(summary.contains("\nwarm       1 "), "{text}");
        assert_eq!(
            output(&[]).to_text(),
            "/aws/lambda/thumbs has no lines of the last 1h\n"
        );
    }

    #[test]
    fn json_has_the_time_and_the_fields_of_each_line() {
        let json = serde_json::to_value(output(&["hello\n", WARM])).unwrap();
        assert_eq!(json["lines"][0]["time"], "1970-01-01T00:00:01.000Z");
        assert_eq!(
            (&json["lines"][0]["kind"], &json["lines"][0]["text"]),
            (&"other".into(), &"hello".into())
        );
        assert_eq!(json["lines"][1]["durationMs"], 640.1);
        assert_eq!(json["summary"]["invocations"]["warm"]["number"], 1);
    }
}
