//! What the lines of a log say together: statistics of invocations, photos and steps, and errors by name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use support::output::format_table;
use support::percentile::percentile;

use super::format::{count, failure_example, format_time};
use super::line::{FailureLine, Line};
use crate::invocations::{Invocations, format_number};
use crate::prices::{Prices, Rates, format_dollars};
use crate::report_line::Report;
use crate::terminal::one_line;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub invocations: Invocations,
    pub photos: usize,
    /// What was found in all photos, in the plural.
    pub counts: BTreeMap<String, u64>,
    /// In the order in which steps happen.
    pub steps: Vec<StepTimes>,
    /// The most frequent first.
    pub errors: Vec<ErrorGroup>,
}

#[derive(Debug, Serialize)]
pub struct StepTimes {
    pub name: String,
    /// In milliseconds.
    pub p50: f64,
    pub p99: f64,
}

#[derive(Debug, Serialize)]
pub struct ErrorGroup {
    pub name: String,
    pub number: usize,
    /// The last one, and when it happened, in milliseconds since 1970.
    pub example: String,
    pub timestamp: i64,
}

#[derive(Default)]
struct Errors {
    groups: BTreeMap<String, ErrorGroup>,
    /// Names and requests of errors: Lambda reports a timeout with two lines, and the harness the error of a photo with
    /// another one if the event fails with it.
    reported: BTreeSet<(String, String)>,
}

impl Summary {
    /// `lines` are in the order of their times, which are milliseconds since 1970.
    pub fn new<'a>(lines: impl IntoIterator<Item = (i64, &'a Line)>, prices: &Prices, rates: Rates) -> Self {
        let mut reports = Vec::new();
        let mut photos = 0;
        let mut counts = BTreeMap::new();
        let mut names: Vec<&str> = Vec::new();
        let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut errors = Errors::default();
        for (timestamp, line) in lines {
            match line {
                Line::Photo(photo) => {
                    photos += 1;
                    for (name, number) in &photo.counts {
                        *counts.entry(name.clone()).or_default() += number;
                    }
                    for (place, (name, time)) in photo.steps.iter().enumerate() {
                        if !times.contains_key(name.as_str()) {
                            names.insert(place.min(names.len()), name);
                        }
                        times.entry(name).or_default().push(*time);
                    }
                }
                Line::Report(report) => {
                    errors.add_report(timestamp, report);
                    reports.push(report.clone());
                }
                Line::Failure(failure) => errors.add(timestamp, failure),
                Line::Skipped { .. } | Line::Other { .. } | Line::Redundant => {}
            }
        }
        let step = |name: &str| StepTimes {
            name: name.to_owned(),
            p50: percentile(&times[name], 50),
            p99: percentile(&times[name], 99),
        };
        Self {
            invocations: Invocations::new(&reports, prices, rates),
            photos,
            counts,
            steps: names.into_iter().map(step).collect(),
            errors: errors.sorted(),
        }
    }

    pub fn to_text(&self, now: i64) -> String {
        let mut parts = vec![self.invocations.to_table()];
        if let Some(cost) = self.invocations.cost {
            parts[0] += &format!("All of them cost {}.\n", format_dollars(cost));
        }
        if self.photos > 0 {
            let photos = count("photos", self.photos as u64);
            let counts = self.counts.iter().map(|(plural, number)| count(plural, *number));
            let all: Vec<_> = [photos].into_iter().chain(counts).collect();
            parts.push(format!("{}\n{}", all.join(", "), self.step_table()));
        }
        if !self.errors.is_empty() {
            let rows = self.errors.iter().map(|group| {
                let time = format_time(group.timestamp, now);
                format!(
                    "{:>7}  {}\n         {time}  {}\n",
                    group.number,
                    one_line(&group.name),
                    group.example
                )
            });
            parts.push(format!("Errors, each with the last one:\n{}", rows.collect::<String>()));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    fn step_table(&self) -> String {
        let header = ["ms", "p50", "p99"].map(str::to_owned).to_vec();
        let rows = self.steps.iter();
        let rows = rows.map(|step| vec![step.name.clone(), format_number(step.p50), format_number(step.p99)]);
        format_table(&[header].into_iter().chain(rows).collect::<Vec<_>>())
    }
}

impl Errors {
    fn add(&mut self, timestamp: i64, failure: &FailureLine) {
        let is_known = failure.text.is_none() || failure.name == "timeout";
        if let (true, Some(request)) = (is_known, &failure.request_id) {
            let is_new = self.reported.insert((failure.name.clone(), request.clone()));
            // A request can have several photos that fail alike.
            if !is_new && failure.object.is_none() {
                return;
            }
        }
        self.count(timestamp, &failure.name, failure_example(failure));
    }

    fn add_report(&mut self, timestamp: i64, report: &Report) {
        let Some(name) = &report.failure else { return };
        if self.reported.insert((name.clone(), report.request_id.clone())) {
            let duration = format_number(report.duration_ms);
            self.count(
                timestamp,
                name,
                format!("request {} after {duration} ms", report.request_id),
            );
        }
    }

    fn count(&mut self, timestamp: i64, name: &str, example: String) {
        let name = if name.is_empty() { "without a name" } else { name };
        let group = self.groups.entry(name.to_owned()).or_insert_with(|| ErrorGroup {
            name: name.to_owned(),
            number: 0,
            example: String::new(),
            timestamp,
        });
        group.number += 1;
        group.example = example;
        group.timestamp = timestamp;
    }

    fn sorted(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.number));
        groups
    }
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;

    use super::*;
    use crate::logs::line::tests::{FAILED, PHOTO, TIMED_OUT};
    use crate::report_line::tests::{COLD, TIMEOUT, WARM};

    fn summary(lines: &[&str]) -> Summary {
        let prices = Prices::embedded().unwrap();
        let rates = prices.rates(Architecture::X86_64);
        let lines: Vec<_> = lines.iter().map(|line| Line::parse(line)).collect();
        Summary::new((0..).zip(&lines), &prices, rates)
    }

    #[test]
    fn photos_and_steps_are_summed() {
        let found = summary(&[PHOTO, &PHOTO.replace("21.7", "41.7"), COLD, WARM, "plain"]);
        assert_eq!((found.photos, found.counts["eyes"], found.counts["faces"]), (2, 4, 2));
        let detect = found.steps.iter().find(|step| step.name == "detect").unwrap();
        assert_eq!(
            (format_number(detect.p50), format_number(detect.p99)),
            ("21.7".to_owned(), "41.7".to_owned())
        );
        let text = found.to_text(0);
        assert!(
            text.contains("2 photos, 4 eyes, 2 faces\nms         p50   p99\ndownload  12.4  12.4\n"),
            "{text}"
        );
        assert!(
            text.contains("\ncold       1 ") && text.contains("All of them cost $0.0000"),
            "{text}"
        );
        assert!(!text.contains("Errors"), "{text}");
    }

    #[test]
    fn errors_are_grouped_by_name_with_the_last_one() {
        let other = FAILED.replace("b.jpg", "c.jpg");
        let event = FAILED.replace(r#""object":"s3://photos/in/b.jpg","#, "");
        let found = summary(&[FAILED, TIMED_OUT, TIMEOUT, &other, &event]);
        let groups: Vec<_> = found
            .errors
            .iter()
            .map(|group| (group.name.as_str(), group.number))
            .collect();
        // The two lines about the timeout are of one request, and the event failed with the error of its photos.
        assert_eq!(groups, [("ObjectNotFound", 2), ("timeout", 1)]);
        assert!(found.errors[0].example.contains("c.jpg"));
        let text = found.to_text(0);
        assert!(
            text.contains("      2  ObjectNotFound\n         00:00:00.003  s3://photos/in/c.jpg: there is"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_log_has_an_empty_summary() {
        assert_eq!(summary(&["plain"]).to_text(0), "");
    }
}
