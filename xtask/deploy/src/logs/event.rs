//! Events of a log group in CloudWatch Logs, and which of them were seen before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::Value;

use crate::aws::error::AwsError;
use crate::aws::{Aws, AwsCommand};

/// The most that CloudWatch Logs returns at once. With it, the CLI leaves paging to its caller.
const PAGE: u32 = 10_000;
/// In milliseconds: an event can become visible so much later than it happened.
const MAX_DELAY: i64 = 30_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEvent {
    /// In milliseconds since 1970.
    pub timestamp: i64,
    pub id: String,
    pub message: String,
}

/// Since 1970, as events have them.
pub fn milliseconds_now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// Those since `start`, in milliseconds since 1970, by time; `None` if there is no such log group.
pub fn fetch(aws: &mut Aws, log_group: &str, start: i64) -> Result<Option<Vec<LogEvent>>, AwsError> {
    collect_pages(|token| page(aws, log_group, start, token))
}

/// The first page that has any.
pub fn fetch_first(aws: &mut Aws, log_group: &str, start: i64) -> Result<Option<Vec<LogEvent>>, AwsError> {
    collect_pages(|token| {
        let mut found = page(aws, log_group, start, token)?;
        if let Some(page) = found.as_mut().and_then(Value::as_object_mut)
            && page
                .get("events")
                .and_then(Value::as_array)
                .is_some_and(|events| !events.is_empty())
        {
            page.remove("nextToken");
        }
        Ok(found)
    })
}

fn page(aws: &mut Aws, log_group: &str, start: i64, token: Option<&str>) -> Result<Option<Value>, AwsError> {
    let command = AwsCommand::new("logs", "filter-log-events")
        .option("log-group-name", log_group)
        .option("start-time", start)
        .option("limit", PAGE);
    aws.find(&match token {
        None => command,
        Some(token) => command.option("next-token", token),
    })
}

fn collect_pages(
    mut page: impl FnMut(Option<&str>) -> Result<Option<Value>, AwsError>,
) -> Result<Option<Vec<LogEvent>>, AwsError> {
    let mut events = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let Some(found) = page(token.as_deref())? else {
            return Ok(None);
        };
        let mut same = BTreeMap::new();
        for event in found["events"].as_array().into_iter().flatten() {
            events.extend(read(event, &mut same));
        }
        // A page can be empty and have a successor.
        let next = found["nextToken"].as_str().map(str::to_owned);
        if next.is_none() || next == token {
            // Sorting is stable: events of the same millisecond stay as they are.
            events.sort_by_key(|event: &LogEvent| event.timestamp);
            return Ok(Some(events));
        }
        token = next;
    }
}

/// `same` counts events that have no ID and are alike.
fn read(event: &Value, same: &mut BTreeMap<String, usize>) -> Option<LogEvent> {
    let timestamp = event["timestamp"].as_i64()?;
    let message = event["message"].as_str()?;
    let id = event["eventId"].as_str().map_or_else(
        || {
            let stream = event["logStreamName"].as_str().unwrap_or_default();
            let id = format!("{stream} {timestamp} {message}");
            let number = same.entry(id.clone()).or_default();
            *number += 1;
            format!("{id} {number}")
        },
        str::to_owned,
    );
    Some(LogEvent {
        timestamp,
        id,
        message: message.to_owned(),
    })
}

/// Which events were seen.
#[derive(Debug)]
pub struct SeenEvents {
    first: i64,
    /// Only those that a next look returns again.
    recent: BTreeSet<(i64, String)>,
}

impl SeenEvents {
    pub fn since(first: i64) -> Self {
        Self {
            first,
            recent: BTreeSet::new(),
        }
    }

    /// Since when to look again: events that are late must not be missed.
    pub fn start(&self) -> i64 {
        let last = self.recent.last().map(|(timestamp, _)| timestamp - MAX_DELAY);
        last.unwrap_or(self.first).max(self.first)
    }

    /// Those that were not seen before.
    pub fn new_ones(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let is_new = |event: &LogEvent| self.recent.insert((event.timestamp, event.id.clone()));
        let new = events.into_iter().filter(is_new).collect();
        let start = self.start();
        self.recent.retain(|(timestamp, _)| *timestamp >= start);
        new
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(timestamp: i64, message: &str) -> LogEvent {
        LogEvent {
            timestamp,
            id: format!("{timestamp} {message}"),
            message: message.to_owned(),
        }
    }

    #[test]
    fn all_pages_are_read_and_sorted() {
        let mut tokens = Vec::new();
        let pages = |token: Option<&str>| {
            tokens.push(token.map(str::to_owned));
            let event =
                |timestamp: i64| json!({"timestamp": timestamp, "message": "m", "eventId": timestamp.to_string()});
            Ok(Some(match token {
                None => json!({"events": [event(3)], "nextToken": "a"}),
                Some("a") => json!({"events": [], "nextToken": "b"}),
                Some(_) => json!({"events": [event(1), event(2)]}),
            }))
        };
        let found = collect_pages(pages).unwrap().unwrap();
        let times: Vec<_> = found.iter().map(|event| event.timestamp).collect();
        assert_eq!(times, [1, 2, 3]);
        assert_eq!(tokens, [None, Some("a".to_owned()), Some("b".to_owned())]);
        assert_eq!(collect_pages(|_| Ok(None)).unwrap(), None);
    }

    #[test]
    fn equal_lines_without_an_id_are_different_events() {
        let line = json!({"timestamp": 1, "message": "m", "logStreamName": "s"});
        let page = json!({"events": [line, line]});
        let found = collect_pages(|_| Ok(Some(page.clone()))).unwrap().unwrap();
        assert_eq!(found.len(), 2);
        let mut seen = SeenEvents::since(0);
        assert_eq!(seen.new_ones(found.clone()).len(), 2);
        assert_eq!(seen.new_ones(found).len(), 0);
    }

    #[test]
    fn late_events_are_seen_once() {
        let mut seen = SeenEvents::since(1_000);
        assert_eq!(seen.start(), 1_000);
        let first = vec![event(2_000, "a"), event(100_000, "b")];
        assert_eq!(seen.new_ones(first.clone()), first);
        assert_eq!(seen.start(), 70_000);
        let late = event(80_000, "late");
        let again = vec![late.clone(), event(100_000, "b"), event(100_000, "c")];
        assert_eq!(seen.new_ones(again), [late, event(100_000, "c")]);
        assert_eq!(seen.new_ones(Vec::new()), []);
        assert_eq!(seen.recent.len(), 3);
    }
}
