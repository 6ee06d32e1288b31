//! Budgets: `[size.budgets]` of `opencv.toml` enters, each limit with what there is leaves; what is over a
//! limit is an error that says what grew. The recipe's reader knows nothing of that table.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use opencv_build::Architecture;
use package::build::Build;
use serde::Deserialize;

use super::bytes::Bytes;
use super::change::{components, grown, name_of};
use super::figures::signed;
use super::report::{Before, Budget, Document, Measure, Report};
use support::answer::size;

const TABLE: &str = "[size.budgets]";

const NAMED: usize = 5;

type Limits = BTreeMap<String, Limit>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    general: Limits,
    /// For one, instead of the general limits of the same artefact.
    special: BTreeMap<Architecture, Limits>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    unpacked: Option<Bytes>,
    packed: Option<Bytes>,
}

impl Limit {
    fn of(&self, measure: Measure) -> Option<u64> {
        let bytes = match measure {
            Measure::Unpacked => self.unpacked,
            Measure::Packed => self.packed,
        };
        bytes.map(|bytes| bytes.0)
    }
}

/// A recipe's file, of which all but this is the recipe's.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    size: Size,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    #[serde(default)]
    budgets: toml::Table,
}

impl Budgets {
    /// Those in the file of the recipe that is built; none where it has no such table.
    pub fn of(build: &Build) -> Result<Self> {
        Self::parse(&build.text).with_context(|| {
            format!(
                "failed to read the size budgets in `{}`",
                build.file.display()
            )
        })
    }

    fn parse(text: &str) -> Result<Self> {
        let mut budgets = Self::default();
        for (name, value) in toml::from_str::<File>(text)?.size.budgets {
            let mut all = Architecture::ALL.into_iter();
            let Some(architecture) = all.find(|known| known.name() == name) else {
                budgets.general.insert(name.clone(), limit(&name, value)?);
                continue;
            };
            let toml::Value::Table(table) = value else {
                bail!("`{name}` in `{TABLE}` is no table of artefacts");
            };
            let limits = budgets.special.entry(architecture).or_default();
            for (name, value) in table {
                limits.insert(name.clone(), limit(&name, value)?);
            }
        }
        Ok(budgets)
    }

    fn limits(&self, architecture: Architecture) -> Limits {
        let mut limits = self.general.clone();
        limits.extend(self.special.get(&architecture).cloned().unwrap_or_default());
        limits
    }

    pub fn most(
        &self,
        architecture: Architecture,
        artefact: &str,
        measure: Measure,
    ) -> Option<u64> {
        self.limits(architecture).get(artefact)?.of(measure)
    }

    pub fn compare(&self, report: &Report) -> Result<Vec<Budget>> {
        // Names for other architectures are looked at as well: artefacts have the same everywhere.
        let all = self.special.values().chain([&self.general]);
        for name in all.flat_map(BTreeMap::keys) {
            ensure!(
                report.artefact(name).is_some(),
                "unknown artefact `{name}` in `{TABLE}`; there are: {}",
                report.names()
            );
        }
        let mut budgets = Vec::new();
        let mut limits = self.limits(report.architecture);
        for artefact in &report.artefacts {
            let Some(limit) = limits.remove(&artefact.name) else {
                continue;
            };
            for measure in [Measure::Unpacked, Measure::Packed] {
                let Some(most) = limit.of(measure) else {
                    continue;
                };
                let bytes = artefact.measured(measure).with_context(|| {
                    format!(
                        "`{}` in `{TABLE}` has a limit for what it is packed to, and is never packed; \
                         give `unpacked` alone",
                        artefact.name
                    )
                })?;
                budgets.push(Budget {
                    artefact: artefact.name.clone(),
                    measure,
                    most,
                    bytes,
                });
            }
        }
        Ok(budgets)
    }
}

fn limit(name: &str, value: toml::Value) -> Result<Limit> {
    let limit: Limit = value
        .try_into()
        .with_context(|| format!("`{name}` in `{TABLE}` is no budget"))?;
    ensure!(
        limit.unpacked.is_some() || limit.packed.is_some(),
        "`{name}` in `{TABLE}` limits nothing; give `unpacked` or `packed`, such as \
         {{ unpacked = \"12 MB\" }}"
    );
    Ok(limit)
}

pub fn check(document: &Document) -> Result<()> {
    let mut text = String::new();
    for budget in &document.budgets {
        let Err(more) = budget.left() else { continue };
        text += &format!(
            "`{}` has {} bytes {}, {} ({more} bytes) more than its budget of {}\n  {}\n",
            budget.artefact,
            budget.bytes,
            budget.measure.word(),
            size(more),
            size(budget.most),
            culprits(document, &budget.artefact)
        );
    }
    ensure!(
        text.is_empty(),
        "over the size budget:\n{text}make it smaller, or raise the budget in `{TABLE}` of `opencv.toml`"
    );
    Ok(())
}

/// The components that made an artefact too large, by their unpacked bytes.
fn culprits(document: &Document, artefact: &str) -> String {
    let Document { report, before, .. } = document;
    let unknown = match before {
        None => "there is no earlier report".to_owned(),
        Some(Before { label, report: was }) => {
            let grown = grown(was, report, artefact, NAMED);
            let names = grown.iter().map(|change| {
                let new = change.before.map_or(" (new)", |_| "");
                format!("{} {}{new}", change.name(), signed(change.difference()))
            });
            let names: Vec<_> = names.collect();
            if !names.is_empty() {
                let names = names.join(", ");
                return format!("since {label}, what grew most unpacked: {names}");
            }
            format!("nothing in it grew since {label}")
        }
    };
    let components = report.artefact(artefact).map(|it| components(report, it));
    let mut largest: Vec<_> = components.into_iter().flatten().collect();
    largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let largest = largest.iter().take(NAMED);
    let names = largest.map(|(path, bytes)| format!("{} {}", name_of(path), size(*bytes)));
    let names = names.collect::<Vec<_>>().join(", ");
    format!("{unknown}; the largest unpacked: {names}")
}

#[cfg(test)]
mod tests;
