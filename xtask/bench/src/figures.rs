//! What a bench has measured: groups of cases, each with a value for every side, and how many times the
//! peer's value is ours. From here come the table, the JSON and the plot of each bench.

use serde::{Deserialize, Serialize};

use super::median::geometric_mean;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    pub method: String,
    /// What was skipped and why, and what else there is to know.
    pub notes: Vec<String>,
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub title: String,
    pub unit: Unit,
    /// The side that the others are compared with; none where there is no other.
    pub peer: Option<String>,
    pub cases: Vec<Case>,
    /// For each side but the peer's, the geometric mean of its cases' ratios, where that says something.
    pub means: Vec<Mean>,
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
    pub side: String,
    pub value: f64,
    /// The peer's value divided by this one; none for the peer itself.
    pub ratio: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    pub side: String,
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
}

impl Group {
    pub fn new(title: impl Into<String>, unit: Unit, peer: Option<&str>) -> Self {
        Self {
            title: title.into(),
            unit,
            peer: peer.map(str::to_owned),
            cases: Vec::new(),
            means: Vec::new(),
        }
    }

    pub fn add(&mut self, name: impl Into<String>, values: &[(&str, f64)]) {
        let of_peer = values
            .iter()
            .find(|(side, _)| Some(*side) == self.peer.as_deref());
        let value = |(side, value): &(&str, f64)| Value {
            side: (*side).to_owned(),
            value: rounded(*value),
            ratio: of_peer
                .filter(|(peer, _)| peer != side)
                .map(|(_, of_peer)| rounded(of_peer / value)),
        };
        self.cases.push(Case {
            name: name.into(),
            values: values.iter().map(value).collect(),
        });
    }

    pub fn with(mut self, name: impl Into<String>, values: &[(&str, f64)]) -> Self {
        self.add(name, values);
        self
    }

    /// The same with each side's mean: where cases are the same work on different photos.
    pub fn averaged(mut self) -> Self {
        let sides = self.sides().into_iter();
        self.means = sides.filter_map(|side| self.mean_of(side)).collect();
        self
    }

    pub fn compared(&self, side: &str) -> String {
        format!("{}/{side}", self.peer.as_deref().unwrap_or_default())
    }

    pub fn sides(&self) -> Vec<&str> {
        let mut sides: Vec<&str> = Vec::new();
        for value in self.cases.iter().flat_map(|case| &case.values) {
            if !sides.contains(&value.side.as_str()) {
                sides.push(&value.side);
            }
        }
        sides
    }

    pub fn others(&self) -> Vec<&str> {
        let mut sides = self.sides();
        sides.retain(|side| self.peer.as_deref().is_some_and(|peer| peer != *side));
        sides
    }

    pub fn mean(&self, side: &str) -> Option<f64> {
        let mean = self.means.iter().find(|mean| mean.side == side)?;
        Some(mean.ratio)
    }

    fn mean_of(&self, side: &str) -> Option<Mean> {
        let values = self.cases.iter().filter_map(|case| case.value(side));
        let ratios: Vec<_> = values.filter_map(|value| value.ratio).collect();
        (!ratios.is_empty()).then(|| Mean {
            side: side.to_owned(),
            ratio: rounded(geometric_mean(&ratios)),
        })
    }
}

impl Case {
    pub fn value(&self, side: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.side == side)
    }
}

impl Unit {
    pub fn word(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Dollars => "USD",
        }
    }
}

/// With four digits that count: more would be noise.
fn rounded(value: f64) -> f64 {
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

/// A number as people read it, with three digits that count.
pub fn shown(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

pub fn times(ratio: f64) -> String {
    format!("{}x", shown(ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_to_the_peer_and_their_mean_is_geometric() {
        let group = Group::new("faces", Unit::Milliseconds, Some("wheel"))
            .with("a", &[("wheel", 8.0), ("ours", 2.0)])
            .with("b", &[("wheel", 9.0), ("ours", 1.0)])
            .averaged();
        let ratio = |case: usize, side: &str| group.cases[case].value(side).unwrap().ratio;
        assert_eq!(ratio(0, "wheel"), None);
        assert_eq!(ratio(0, "ours"), Some(4.0));
        assert_eq!(group.means.len(), 1);
        assert_eq!(group.mean("ours"), Some(6.0));
        assert_eq!((group.mean("wheel"), group.others()), (None, vec!["ours"]));
        assert_eq!(group.sides(), ["wheel", "ours"]);
    }

    #[test]
    fn without_a_peer_nothing_is_compared() {
        let group = Group::new("a", Unit::Seconds, None).with("b", &[("ours", 1.5)]);
        let group = group.averaged();
        assert!(group.means.is_empty());
        assert_eq!(group.cases[0].values[0].ratio, None);
    }

    #[test]
    fn numbers_have_the_digits_that_count() {
        assert_eq!(rounded(123_456.0), 123_500.0);
        assert_eq!(rounded(0.012_345_6), 0.01235);
        assert_eq!(rounded(0.0), 0.0);
        let cases = [
            (1318.4, "1318"),
            (46.84, "46.8"),
            (3.916, "3.92"),
            (0.3312, "0.331"),
        ];
        for (value, expected) in cases {
            assert_eq!(shown(value), expected);
        }
    }
}
