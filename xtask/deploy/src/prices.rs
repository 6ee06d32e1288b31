//! What invocations cost, from `data/prices.toml` and from what their reports say was billed.

#[cfg(test)]
mod price_list;

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde::Deserialize;

use crate::report_line::Report;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Since when they apply.
    pub date: String,
    pub region: String,
    x86_64: Rates,
    aarch64: Rates,
    pub s3: S3Prices,
    pub s3_batch: S3BatchPrices,
    pub sqs: SqsPrices,
}

/// In US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Prices {
    pub thousand_writes: f64,
    pub thousand_reads: f64,
}

/// In US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3BatchPrices {
    pub job: f64,
    pub million_objects: f64,
}

/// In US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqsPrices {
    pub million_requests: f64,
}

/// In US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    pub gigabyte_second: f64,
    pub million_requests: f64,
}

impl Prices {
    pub fn embedded() -> Result<Self> {
        toml::from_str(include_str!("../data/prices.toml")).context("failed to parse data/prices.toml")
    }

    pub fn rates(&self, architecture: Architecture) -> Rates {
        match architecture {
            Architecture::X86_64 => self.x86_64,
            Architecture::Aarch64 => self.aarch64,
        }
    }

    /// Such as `us-east-1, prices of 2025-08-01`.
    pub fn source(&self) -> String {
        format!("{}, prices of {}", self.region, self.date)
    }
}

impl Rates {
    /// Of one invocation; `None` if its report does not say what was billed.
    pub fn cost(&self, report: &Report) -> Option<f64> {
        let seconds = report.billed_ms? / 1e3;
        let gigabytes = report.memory_size_mb? / 1024.0;
        Some(seconds * gigabytes * self.gigabyte_second + self.million_requests / 1e6)
    }

    /// Of a million invocations like these; `None` if no report says what was billed.
    pub fn cost_of_million<'a>(&self, reports: impl IntoIterator<Item = &'a Report>) -> Option<f64> {
        let costs = reports.into_iter().filter_map(|report| self.cost(report));
        let (number, sum) = costs.fold((0.0, 0.0), |(number, sum), cost| (number + 1.0, sum + cost));
        (number > 0.0).then(|| sum / number * 1e6)
    }
}

/// With two digits after the point, or two that are not zero.
pub fn format_dollars(dollars: f64) -> String {
    match dollars {
        small if small != 0.0 && small < 0.01 => {
            let mut digits = 3;
            while digits < 12 && small * 10_f64.powi(digits) < 9.5 {
                digits += 1;
            }
            format!("${small:.*}", usize::try_from(digits).unwrap_or(12))
        }
        other => format!("${other:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(billed_ms: f64, memory_size_mb: f64) -> Report {
        Report {
            billed_ms: Some(billed_ms),
            memory_size_mb: Some(memory_size_mb),
            ..Report::default()
        }
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_million_requests_and_their_gigabyte_seconds_are_billed() {
        let rates = Prices::embedded().unwrap().rates(Architecture::X86_64);
        // 100 ms of 1024 MB are a tenth of a gigabyte-second each.
        let million = rates.cost_of_million([&report(100.0, 1024.0)]).unwrap();
        assert!(near(million, 1e5 * 0.000_016_666_7 + 0.2), "{million}");
        let mean = rates.cost_of_million([&report(100.0, 1024.0), &report(300.0, 1024.0)]);
        assert!(near(mean.unwrap(), 2e5 * 0.000_016_666_7 + 0.2), "{mean:?}");
        let arm = Prices::embedded().unwrap().rates(Architecture::Aarch64);
        assert!(arm.cost(&report(100.0, 1024.0)) < rates.cost(&report(100.0, 1024.0)));
        assert_eq!(rates.cost(&Report::default()), None);
        assert_eq!(rates.cost_of_million([]), None);
    }

    /// The model of `bench cost` has the same prices in its own file.
    #[test]
    fn prices_are_those_of_the_benchmark() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/data/prices.toml");
        let other: toml::Table = toml::from_str(&fs_err::read_to_string(file).unwrap()).unwrap();
        let own = Prices::embedded().unwrap();
        assert_eq!(other["date"].as_str(), Some(own.date.as_str()));
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            let rates: Rates = other[&architecture.to_string()].clone().try_into().unwrap();
            assert_eq!(rates, own.rates(architecture));
        }
    }

    #[test]
    fn small_amounts_have_two_digits_that_are_not_zero() {
        for (dollars, text) in [
            (0.0, "$0.00"),
            (12.345, "$12.35"),
            (0.01, "$0.01"),
            (0.001_234, "$0.0012"),
            (0.000_000_34, "$0.00000034"),
        ] {
            assert_eq!(format_dollars(dollars), text);
        }
    }
}
