//! Statistics of invocations, from their reports: cold and warm ones apart.

use serde::Serialize;
use support::output::format_table;
use support::percentile::percentile;

use crate::prices::{Prices, Rates, format_dollars};
use crate::report_line::Report;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocations {
    pub cold: Option<InvocationGroup>,
    pub warm: Option<InvocationGroup>,
    /// In US dollars, of all of them. `None` if no report says what was billed.
    pub cost: Option<f64>,
    /// The Region and the date of the prices.
    pub prices: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationGroup {
    pub number: usize,
    /// Of the initialisation or the restoration.
    pub start_ms: Option<Percentiles>,
    pub duration_ms: Percentiles,
    pub billed_ms: Option<Percentiles>,
    /// The most that any of them used.
    pub max_memory_mb: Option<f64>,
    pub memory_size_mb: Option<f64>,
    /// In US dollars.
    pub cost_of_million: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p99: f64,
}

impl Invocations {
    pub fn new(reports: &[Report], prices: &Prices, rates: Rates) -> Self {
        let (cold, warm): (Vec<_>, Vec<_>) = reports.iter().partition(|report| report.is_cold());
        let costs: Vec<_> = reports.iter().filter_map(|report| rates.cost(report)).collect();
        Self {
            cold: InvocationGroup::new(&cold, rates),
            warm: InvocationGroup::new(&warm, rates),
            cost: (!costs.is_empty()).then(|| costs.iter().sum()),
            prices: prices.source(),
        }
    }

    /// Empty if there are none.
    pub fn to_table(&self) -> String {
        let groups = [("cold", &self.cold), ("warm", &self.warm)];
        let groups = groups
            .into_iter()
            .filter_map(|(name, group)| Some((name, group.as_ref()?)));
        let mut rows: Vec<_> = groups.map(|(name, group)| group.cells(name)).collect();
        if rows.is_empty() {
            return String::new();
        }
        let header = [
            "",
            "number",
            "start p50",
            "p99",
            "duration p50",
            "p99",
            "billed p50",
            "p99",
            "memory",
            "a million",
        ];
        rows.insert(0, header.map(str::to_owned).to_vec());
        let mut text = format_table(&rows);
        if self.cost.is_some() {
            text += &format!("Times are in ms; costs without S3 and logs, in {}.\n", self.prices);
        }
        text
    }
}

impl InvocationGroup {
    fn new(reports: &[&Report], rates: Rates) -> Option<Self> {
        let values = |value: &dyn Fn(&Report) -> Option<f64>| -> Vec<f64> {
            reports.iter().filter_map(|report| value(report)).collect()
        };
        let maximum = |value: &dyn Fn(&Report) -> Option<f64>| values(value).into_iter().reduce(f64::max);
        Some(Self {
            number: reports.len(),
            start_ms: Percentiles::of(&values(&Report::start_ms)),
            duration_ms: Percentiles::of(&values(&|report| Some(report.duration_ms)))?,
            billed_ms: Percentiles::of(&values(&|report| report.billed_ms)),
            max_memory_mb: maximum(&|report| report.max_memory_mb),
            memory_size_mb: maximum(&|report| report.memory_size_mb),
            cost_of_million: rates.cost_of_million(reports.iter().copied()),
        })
    }

    fn cells(&self, name: &str) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), format_number);
        let both = |values: Option<Percentiles>| {
            [values.map(|values| values.p50), values.map(|values| values.p99)].map(number)
        };
        let mut cells = vec![name.to_owned(), self.number.to_string()];
        for values in [self.start_ms, Some(self.duration_ms), self.billed_ms] {
            cells.extend(both(values));
        }
        cells.push(format_memory(self.max_memory_mb, self.memory_size_mb));
        cells.push(self.cost_of_million.map_or_else(|| "-".to_owned(), format_dollars));
        cells
    }
}

impl Percentiles {
    fn of(values: &[f64]) -> Option<Self> {
        (!values.is_empty()).then(|| Self {
            p50: percentile(values, 50),
            p99: percentile(values, 99),
        })
    }
}

/// With one digit after the point, if it is not a whole number.
pub fn format_number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// Such as `212 of 1769 MB`.
pub fn format_memory(used: Option<f64>, size: Option<f64>) -> String {
    match (used, size) {
        (Some(used), Some(size)) => format!("{} of {} MB", format_number(used), format_number(size)),
        (Some(used), None) => format!("{} MB", format_number(used)),
        (None, _) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;

    use super::*;
    use crate::report_line::tests::{COLD, WARM};

    fn invocations(lines: &[&str]) -> Invocations {
        let reports: Vec<_> = lines.iter().filter_map(|line| Report::parse(line)).collect();
        let prices = Prices::embedded().unwrap();
        let rates = prices.rates(Architecture::X86_64);
        Invocations::new(&reports, &prices, rates)
    }

    #[test]
    fn cold_and_warm_invocations_are_apart() {
        let found = invocations(&[COLD, WARM, WARM]);
        let (cold, warm) = (found.cold.clone().unwrap(), found.warm.clone().unwrap());
        assert_eq!((cold.number, warm.number), (1, 2));
        assert_eq!(cold.start_ms.map(|start| start.p99), Some(213.4));
        assert_eq!(
            (warm.start_ms, warm.billed_ms.map(|billed| billed.p50)),
            (None, Some(641.0))
        );
        assert_eq!((warm.max_memory_mb, warm.memory_size_mb), (Some(214.0), Some(1769.0)));
        let million = warm.cost_of_million.unwrap();
        assert!(
            (million - (641e3 * 1769.0 / 1024.0 * 0.000_016_666_7 + 0.2)).abs() < 1e-9,
            "{million}"
        );
        let all = (cold.cost_of_million.unwrap() + 2.0 * million) / 1e6;
        assert!((found.cost.unwrap() - all).abs() < 1e-12);
    }

    #[test]
    fn tables_have_a_row_for_each_kind_that_occurs() {
        let text = invocations(&[COLD, WARM]).to_table();
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[0].contains("start p50") && lines[0].ends_with("a million"),
            "{text}"
        );
        let words: Vec<_> = lines[1].split_whitespace().collect();
        assert_eq!(
            words[..8],
            ["cold", "1", "213.4", "213.4", "812.3", "812.3", "1026", "1026"]
        );
        assert!(
            lines[2].contains("214 of 1769 MB") && lines[2].ends_with("$18.66"),
            "{text}"
        );
        assert!(lines[3].contains("us-east-1, prices of 2025-08-01"), "{text}");
        assert_eq!(invocations(&[WARM]).to_table().lines().count(), 3);
        assert_eq!(invocations(&[]).to_table(), "");
    }
}
