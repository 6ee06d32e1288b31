//! The figures of a bench: groups of cases, each with a value for every implementation and its ratio to the reference.
//! The bench's table, JSON and plot are made from these.

use serde::{Deserialize, Serialize};

use super::statistics::geometric_mean;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    pub method: String,
    /// Skipped cases with the reasons, and other remarks.
    pub notes: Vec<String>,
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub title: String,
    pub unit: Unit,
    /// The implementation that the others are compared with; none if there is only one.
    pub reference: Option<String>,
    pub cases: Vec<Case>,
    /// The geometric mean of the ratios of each implementation but the reference; empty if it would not be meaningful.
    pub means: Vec<Mean>,
    /// Whether the comparison plot of all benches includes the group.
    #[serde(skip)]
    pub in_comparison: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub values: Vec<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    pub implementation: String,
    pub value: f64,
    /// The reference's value divided by this one; none for the reference itself.
    pub ratio: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    pub implementation: String,
    pub ratio: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "MB")]
    Megabytes,
    #[serde(rename = "USD")]
    Dollars,
    #[serde(rename = "million instructions")]
    MillionInstructions,
}

impl Group {
    pub fn new(title: impl Into<String>, unit: Unit, reference: Option<&str>) -> Self {
        Self {
            title: title.into(),
            unit,
            reference: reference.map(str::to_owned),
            cases: Vec::new(),
            means: Vec::new(),
            in_comparison: false,
        }
    }

    pub fn in_comparison(self) -> Self {
        Self {
            in_comparison: true,
            ..self
        }
    }

    /// A ratio for the whole group: the mean, otherwise that of the first case.
    pub fn overall_ratio(&self, implementation: &str) -> Option<f64> {
        let first = || self.cases.first()?.value(implementation)?.ratio;
        self.mean(implementation).or_else(first)
    }

    pub fn add_case(&mut self, name: impl Into<String>, values: &[(&str, f64)]) {
        let of_reference = values
            .iter()
            .find(|(implementation, _)| Some(*implementation) == self.reference.as_deref());
        let value = |(implementation, value): &(&str, f64)| Value {
            implementation: (*implementation).to_owned(),
            value: round_to_four_digits(*value),
            ratio: of_reference
                .filter(|(reference, _)| reference != implementation)
                .map(|(_, of_reference)| round_to_four_digits(of_reference / value)),
        };
        self.cases.push(Case {
            name: name.into(),
            values: values.iter().map(value).collect(),
        });
    }

    pub fn with_case(mut self, name: impl Into<String>, values: &[(&str, f64)]) -> Self {
        self.add_case(name, values);
        self
    }

    /// Adds the means, for groups whose cases are the same work on different photos.
    pub fn with_means(mut self) -> Self {
        let implementations = self.implementations().into_iter();
        self.means = implementations
            .filter_map(|implementation| self.mean_of(implementation))
            .collect();
        self
    }

    pub fn ratio_label(&self, implementation: &str) -> String {
        format!("{}/{implementation}", self.reference.as_deref().unwrap_or_default())
    }

    pub fn implementations(&self) -> Vec<&str> {
        let mut implementations: Vec<&str> = Vec::new();
        for value in self.cases.iter().flat_map(|case| &case.values) {
            if !implementations.contains(&value.implementation.as_str()) {
                implementations.push(&value.implementation);
            }
        }
        implementations
    }

    pub fn compared_implementations(&self) -> Vec<&str> {
        let mut implementations = self.implementations();
        implementations.retain(|implementation| {
            self.reference
                .as_deref()
                .is_some_and(|reference| reference != *implementation)
        });
        implementations
    }

    pub fn mean(&self, implementation: &str) -> Option<f64> {
        let mean = self.means.iter().find(|mean| mean.implementation == implementation)?;
        Some(mean.ratio)
    }

    fn mean_of(&self, implementation: &str) -> Option<Mean> {
        let values = self.cases.iter().filter_map(|case| case.value(implementation));
        let ratios: Vec<_> = values.filter_map(|value| value.ratio).collect();
        (!ratios.is_empty()).then(|| Mean {
            implementation: implementation.to_owned(),
            ratio: round_to_four_digits(geometric_mean(&ratios)),
        })
    }
}

impl Case {
    pub fn value(&self, implementation: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.implementation == implementation)
    }
}

impl Unit {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Dollars => "USD",
            Self::MillionInstructions => "million instructions",
        }
    }
}

/// Rounds to four significant digits: more would be noise.
fn round_to_four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is a number of digits")]
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.abs());
    match digits {
        0.. => (value * scale).round() / scale,
        ..0 => (value / scale).round() * scale,
    }
}

/// Formats a number with three significant digits.
pub fn format_value(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

pub fn format_ratio(ratio: f64) -> String {
    format!("{}x", format_value(ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_relative_to_the_reference_with_geometric_mean() {
        let group = Group::new("faces", Unit::Milliseconds, Some("wheel"))
            .with_case("a", &[("wheel", 8.0), ("ours", 2.0)])
            .with_case("b", &[("wheel", 9.0), ("ours", 1.0)])
            .with_means();
        let ratio = |case: usize, implementation: &str| group.cases[case].value(implementation).unwrap().ratio;
        assert_eq!(ratio(0, "wheel"), None);
        assert_eq!(ratio(0, "ours"), Some(4.0));
        assert_eq!(group.means.len(), 1);
        assert_eq!(group.mean("ours"), Some(6.0));
        assert_eq!(
            (group.mean("wheel"), group.compared_implementations()),
            (None, vec!["ours"])
        );
        assert_eq!(group.implementations(), ["wheel", "ours"]);
    }

    #[test]
    fn no_ratios_without_a_reference() {
        let group = Group::new("a", Unit::Seconds, None).with_case("b", &[("ours", 1.5)]);
        let group = group.with_means();
        assert!(group.means.is_empty());
        assert_eq!(group.cases[0].values[0].ratio, None);
    }

    #[test]
    #[expect(
        clippy::float_cmp,
        reason = "rounding gives the number that is nearest to the digits"
    )]
    fn numbers_have_significant_digits() {
        assert_eq!(round_to_four_digits(123_456.0), 123_500.0);
        assert_eq!(round_to_four_digits(0.012_345_6), 0.01235);
        assert_eq!(round_to_four_digits(0.0), 0.0);
        let cases = [(1318.4, "1318"), (46.84, "46.8"), (3.916, "3.92"), (0.3312, "0.331")];
        for (value, expected) in cases {
            assert_eq!(format_value(value), expected);
        }
    }
}
