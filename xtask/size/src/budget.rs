//! Checks the budgets in `[size.budgets]` of `opencv.toml`, a table that the recipe's parser ignores. The error for an
//! exceeded budget lists what grew.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use opencv_build::Architecture;
use package::build::Build;
use package::function_package::RECIPE_FILE;
use serde::Deserialize;

use super::byte_size::ByteSize;
use super::diff::{components, display_name, largest_increases};
use super::format::format_signed_bytes;
use super::report::{Budget, Document, Measure, PreviousReport, Report};
use support::output::format_bytes;

const TABLE: &str = "[size.budgets]";

const MAX_COMPONENTS: usize = 5;

type Limits = BTreeMap<String, Limit>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    defaults: Limits,
    /// These replace the default limits of the same artefact.
    by_architecture: BTreeMap<Architecture, Limits>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    uncompressed: Option<ByteSize>,
    compressed: Option<ByteSize>,
}

impl Limit {
    fn by_measure(&self, measure: Measure) -> Option<u64> {
        let bytes = match measure {
            Measure::Uncompressed => self.uncompressed,
            Measure::Compressed => self.compressed,
        };
        bytes.map(|bytes| bytes.0)
    }
}

/// The recipe's file; its other tables are ignored here.
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
    /// Reads the budgets in the file of the recipe that is built; none if it has no such table. Those in the
    /// project's own recipe are for the default function.
    pub fn read(build: &Build) -> Result<Self> {
        if !build.package.is_default && build.recipe_file == build.workspace.root().join(RECIPE_FILE) {
            return Ok(Self::default());
        }
        Self::parse(&build.recipe_text)
            .with_context(|| format!("failed to read the size budgets in `{}`", build.recipe_file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut budgets = Self::default();
        for (name, value) in toml::from_str::<File>(text)?.size.budgets {
            let Ok(architecture) = name.parse::<Architecture>() else {
                budgets.defaults.insert(name.clone(), parse_limit(&name, value)?);
                continue;
            };
            let toml::Value::Table(table) = value else {
                bail!("`{name}` in `{TABLE}` is not a table of artefacts");
            };
            let limits = budgets.by_architecture.entry(architecture).or_default();
            for (name, value) in table {
                limits.insert(name.clone(), parse_limit(&name, value)?);
            }
        }
        Ok(budgets)
    }

    fn limits(&self, architecture: Architecture) -> Limits {
        let mut limits = self.defaults.clone();
        limits.extend(self.by_architecture.get(&architecture).cloned().unwrap_or_default());
        limits
    }

    pub fn limit(&self, architecture: Architecture, artefact: &str, measure: Measure) -> Option<u64> {
        self.limits(architecture).get(artefact)?.by_measure(measure)
    }

    pub fn compare(&self, report: &Report) -> Result<Vec<Budget>> {
        // Names for other architectures are checked as well: all architectures have the same artefacts.
        let all = self.by_architecture.values().chain([&self.defaults]);
        for name in all.flat_map(BTreeMap::keys) {
            ensure!(
                report.artefact(name).is_some(),
                "unknown artefact `{name}` in `{TABLE}`; known are: {}",
                report.artefact_names()
            );
        }
        let mut budgets = Vec::new();
        let mut limits = self.limits(report.architecture);
        for artefact in &report.artefacts {
            let Some(limit) = limits.remove(&artefact.name) else {
                continue;
            };
            for measure in [Measure::Uncompressed, Measure::Compressed] {
                let Some(limit_bytes) = limit.by_measure(measure) else {
                    continue;
                };
                let bytes = artefact.bytes_by(measure).with_context(|| {
                    format!(
                        "`{}` in `{TABLE}` has the limit `compressed`, and is never compressed; \
                         use only `uncompressed`",
                        artefact.name
                    )
                })?;
                budgets.push(Budget {
                    artefact: artefact.name.clone(),
                    measure,
                    limit_bytes,
                    bytes,
                });
            }
        }
        Ok(budgets)
    }
}

fn parse_limit(name: &str, value: toml::Value) -> Result<Limit> {
    let limit: Limit = value
        .try_into()
        .with_context(|| format!("`{name}` in `{TABLE}` is not a budget"))?;
    ensure!(
        limit.uncompressed.is_some() || limit.compressed.is_some(),
        "`{name}` in `{TABLE}` has no limit; add `uncompressed` or `compressed`, such as \
         {{ uncompressed = \"12 MB\" }}"
    );
    Ok(limit)
}

pub fn check(document: &Document) -> Result<()> {
    let mut text = String::new();
    for budget in &document.budgets {
        let Err(more) = budget.remaining() else {
            continue;
        };
        text += &format!(
            "`{}` has {} bytes {}, {} ({more} bytes) more than its budget of {}\n  {}\n",
            budget.artefact,
            budget.bytes,
            budget.measure.label(),
            format_bytes(more),
            format_bytes(budget.limit_bytes),
            describe_growth(document, &budget.artefact)
        );
    }
    ensure!(
        text.is_empty(),
        "over the size budget:\n{text}make it smaller, or raise the budget in `{TABLE}` of `opencv.toml`"
    );
    Ok(())
}

/// The components that grew most since the previous report, or the largest ones; by their uncompressed bytes.
fn describe_growth(document: &Document, artefact: &str) -> String {
    let Document {
        report,
        previous_report,
        ..
    } = document;
    let unknown = match previous_report {
        None => "there is no earlier report".to_owned(),
        Some(PreviousReport { label, report: was }) => {
            let increases = largest_increases(was, report, artefact, MAX_COMPONENTS);
            let names = increases.iter().map(|change| {
                let new = change.before.map_or(" (new)", |_| "");
                format!("{} {}{new}", change.name(), format_signed_bytes(change.difference()))
            });
            let names: Vec<_> = names.collect();
            if !names.is_empty() {
                let names = names.join(", ");
                return format!("largest uncompressed increases since {label}: {names}");
            }
            format!("no part of it grew since {label}")
        }
    };
    let components = report.artefact(artefact).map(|it| components(report, it));
    let mut largest: Vec<_> = components.into_iter().flatten().collect();
    largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let largest = largest.iter().take(MAX_COMPONENTS);
    let names = largest.map(|(path, bytes)| format!("{} {}", display_name(path), format_bytes(*bytes)));
    let names = names.collect::<Vec<_>>().join(", ");
    format!("{unknown}; the largest uncompressed: {names}")
}

#[cfg(test)]
mod tests;
