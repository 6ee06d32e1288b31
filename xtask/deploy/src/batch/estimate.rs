//! What a batch will take and cost, before it starts: from the times of photos in the function's log, or from what the
//! user says, the function's concurrency, and prices.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::listing::Listing;
use crate::aws::{Aws, AwsCommand};
use crate::function_version::FunctionVersion;
use crate::invocations::format_number;
use crate::logs::event::{fetch_first, milliseconds_now};
use crate::logs::line::Line;
use crate::prices::{Prices, format_dollars};

/// How far to look back for invocations.
const PAST: Duration = Duration::from_secs(24 * 3600);
/// The most batches of messages that Lambda takes from a queue at once.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const MAX_OF_QUEUE: u64 = 1000;
/// The objects that one request lists.
const PAGE: usize = 1000;

/// What sends the objects to the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Job,
    Queue,
}

/// The milliseconds that Lambda bills for a photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    pub photo_ms: f64,
    pub source: String,
}

/// What is known of the function.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    pub basis: Option<Basis>,
    /// How many invocations there can be at once, if the caller may know it.
    pub concurrency: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    pub photo_ms: Option<f64>,
    /// What the time of a photo is based on.
    pub basis: Option<String>,
    /// How many invocations there can be at once, if the caller may know it.
    pub concurrency: Option<u64>,
    /// The least: if all invocations begin at once, and nothing else uses them.
    pub seconds: Option<f64>,
    /// In US dollars, by what they are for.
    pub costs: Vec<(String, f64)>,
    pub cost: f64,
    pub prices: String,
}

impl Basis {
    /// From the last day of the function's log; `None` if it says nothing, or the caller may not read it.
    fn of_log(aws: &mut Aws, log_group: &str) -> Result<Option<Self>> {
        let start = milliseconds_now().saturating_sub(i64::try_from(PAST.as_millis())?);
        let events = match fetch_first(aws, log_group, start) {
            Err(error) if error.is_access_denied() => None,
            found => found?,
        };
        let events = events.unwrap_or_default();
        Ok(Self::of_lines(events.iter().map(|event| Line::parse(&event.message))))
    }

    /// An invocation can have several photos, if they come from a queue. Functions without the harness report none.
    fn of_lines(lines: impl Iterator<Item = Line>) -> Option<Self> {
        let (mut photos, mut invocations, mut sum) = (0_u32, 0_u32, 0.0);
        for line in lines {
            match line {
                Line::Photo(_) => photos += 1,
                Line::Report(report) => {
                    if let Some(billed) = report.billed_ms {
                        invocations += 1;
                        sum += billed;
                    }
                }
                _ => {}
            }
        }
        if invocations == 0 {
            return None;
        }
        let (number, of) = match photos {
            0 => (invocations, "their average".to_owned()),
            photos => (photos, format!("the {photos} photos in them")),
        };
        Some(Self {
            photo_ms: sum / f64::from(number),
            source: format!("{invocations} invocations of the last day, {of}"),
        })
    }
}

/// How many invocations there can be at once: what the function has reserved, or else what no function has.
fn concurrency(aws: &mut Aws, function: &FunctionVersion) -> Result<Option<u64>> {
    let command = AwsCommand::new("lambda", "get-function-concurrency").option("function-name", &function.name);
    let found = aws.find_if_permitted(&command)?;
    if let Some(reserved) = found.and_then(|found| found["ReservedConcurrentExecutions"].as_u64()) {
        return Ok(Some(reserved));
    }
    let found = aws.find_if_permitted(&AwsCommand::new("lambda", "get-account-settings"))?;
    Ok(found.and_then(|found| found["AccountLimit"]["UnreservedConcurrentExecutions"].as_u64()))
}

impl Speed {
    /// `duration` is what the user says of a photo, in milliseconds.
    pub fn read(aws: &mut Aws, duration: Option<NonZeroU32>, function: &FunctionVersion) -> Result<Self> {
        let basis = match duration {
            Some(milliseconds) => Some(Basis {
                photo_ms: f64::from(milliseconds.get()),
                source: "`--duration`".to_owned(),
            }),
            None => Basis::of_log(aws, &function.log_group)
                .context("failed to read what a photo takes; name it with `--duration`")?,
        };
        Ok(Self {
            basis,
            concurrency: concurrency(aws, function)?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate has few digits")]
    pub fn estimate(&self, listing: &Listing, function: &FunctionVersion, sender: Sender, prices: &Prices) -> Estimate {
        let number = listing.number as f64;
        let rates = prices.rates(function.architecture);
        let concurrency = match sender {
            Sender::Job => self.concurrency,
            Sender::Queue => self.concurrency.map(|most| most.min(MAX_OF_QUEUE)),
        };
        let photo_ms = self.basis.as_ref().map(|basis| basis.photo_ms);
        let busy_seconds = photo_ms.map(|milliseconds| number * milliseconds / 1e3);
        let seconds = busy_seconds
            .zip(concurrency.filter(|most| *most > 0))
            .map(|(busy, most)| {
                let one = photo_ms.unwrap_or_default() / 1e3;
                (busy / most as f64).max(one)
            });
        let mut costs = vec![("Lambda's requests", number * rates.million_requests / 1e6)];
        if let Some(busy) = busy_seconds {
            let gigabytes = f64::from(function.memory) / 1024.0;
            costs.push(("Lambda's time", busy * gigabytes * rates.gigabyte_second));
        }
        // A photo is read once, and one picture is written.
        let lists = listing.listed.div_ceil(PAGE) as f64;
        costs.push((
            "S3",
            ((lists + number) * prices.s3.thousand_writes + number * prices.s3.thousand_reads) / 1e3,
        ));
        costs.push(match sender {
            Sender::Job => (
                "S3 Batch Operations",
                prices.s3_batch.job + number * prices.s3_batch.million_objects / 1e6,
            ),
            // Ten are sent at once; one is received and deleted alone at the worst.
            Sender::Queue => ("SQS", number * 2.1 * prices.sqs.million_requests / 1e6),
        });
        Estimate {
            photo_ms,
            basis: self.basis.as_ref().map(|basis| basis.source.clone()),
            concurrency,
            seconds,
            cost: costs.iter().map(|(_, dollars)| dollars).sum(),
            costs: costs
                .into_iter()
                .map(|(name, dollars)| (name.to_owned(), dollars))
                .collect(),
            prices: prices.source(),
        }
    }
}

impl Estimate {
    pub fn to_text(&self) -> String {
        let time = match (self.seconds, self.concurrency) {
            (Some(seconds), Some(concurrency)) => {
                let seconds = Duration::from_secs_f64(seconds.ceil().min(1e12));
                let time = humantime::format_duration(seconds);
                format!("at least {time}, with {concurrency} invocations at once")
            }
            _ => "an unknown time".to_owned(),
        };
        let costs = self
            .costs
            .iter()
            .map(|(name, dollars)| format!("{name} {}", format_dollars(*dollars)));
        let costs: Vec<_> = costs.collect();
        let without = if self.photo_ms.is_some() {
            ""
        } else {
            " without Lambda's time"
        };
        let mut text = format!(
            "estimate: {time}, and {}{without}: {}\n",
            format_dollars(self.cost),
            costs.join(", ")
        );
        text += &match (self.photo_ms, &self.basis) {
            (Some(milliseconds), Some(basis)) => {
                format!("  based on {} ms for a photo: {basis}; ", format_number(milliseconds))
            }
            _ => {
                "  the function's log has no invocation of the last day: for its time, invoke it with a photo, or name \
                  the milliseconds with `--duration`; "
                    .to_owned()
            }
        };
        text + &format!("in {}, without free tiers, logs and retries\n", self.prices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_version::tests::function;
    use crate::logs::line::tests::PHOTO;
    use crate::report_line::tests::{COLD, WARM};

    fn given(photo_ms: f64) -> Basis {
        Basis {
            photo_ms,
            source: "`--duration`".to_owned(),
        }
    }

    fn estimate(number: usize, sender: Sender, basis: Option<&Basis>, concurrency: Option<u64>) -> Estimate {
        let listing = Listing {
            number,
            listed: number,
            ..Listing::default()
        };
        let function = FunctionVersion {
            memory: 1024,
            ..function()
        };
        let prices = Prices::embedded().unwrap();
        let basis = basis.cloned();
        Speed { basis, concurrency }.estimate(&listing, &function, sender, &prices)
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    fn of_lines(lines: &[&str]) -> Option<Basis> {
        Basis::of_lines(lines.iter().map(|line| Line::parse(line)))
    }

    #[test]
    fn logs_say_what_a_photo_takes() {
        // 1026 and 641 ms were billed.
        let basis = of_lines(&[PHOTO, COLD, PHOTO, PHOTO, WARM, "other"]).unwrap();
        assert!(near(basis.photo_ms, 1667.0 / 3.0), "{basis:?}");
        assert_eq!(basis.source, "2 invocations of the last day, the 3 photos in them");
        assert!(near(of_lines(&[COLD, WARM]).unwrap().photo_ms, 833.5));
        assert_eq!(of_lines(&[PHOTO, "other"]), None);
    }

    #[test]
    fn a_million_photos_have_a_time_and_a_cost() {
        let basis = given(500.0);
        let found = estimate(1_000_000, Sender::Job, Some(&basis), Some(1000));
        assert!(near(found.seconds.unwrap(), 500.0));
        // 500,000 GB-s and a million requests; a job of a million; a million writes and reads, and a thousand lists.
        let lambda = 500_000.0 * 0.000_016_666_7 + 0.2;
        assert!(near(found.cost, lambda + 1.25 + 5.005 + 0.4), "{found:?}");
        let queue = estimate(1_000_000, Sender::Queue, Some(&basis), Some(3000));
        assert!(near(queue.seconds.unwrap(), 500.0));
        assert!(near(queue.cost, lambda + 0.84 + 5.005 + 0.4), "{queue:?}");
        let text = found.to_text();
        let expected = "estimate: at least 8m 20s, with 1000 invocations at once, and $15.19: Lambda's requests $0.20, \
                        Lambda's time $8.33, S3 $5.41, S3 Batch Operations $1.25\n  based on 500 ms for a photo: \
                        `--duration`; in us-east-1, prices of 2025-08-01, without free tiers, logs and retries\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_not_known_is_not_invented() {
        let found = estimate(10, Sender::Job, None, Some(1000));
        assert_eq!((found.seconds, found.costs.len()), (None, 3));
        let text = found.to_text();
        assert!(
            text.contains("an unknown time, and $0.25 without Lambda's time") && text.contains("--duration"),
            "{text}"
        );
        let found = estimate(1, Sender::Job, Some(&given(2000.0)), Some(1000));
        assert!(near(found.seconds.unwrap(), 2.0));
        assert_eq!(estimate(1, Sender::Job, Some(&given(1.0)), None).seconds, None);
    }
}
