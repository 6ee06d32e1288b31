//! A bench's figures with date, machine and commit: as text, as JSON, and saved as files in `target/bench/MACHINE/`,
//! those of a quick run in a subfolder.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use jsonschema::ValidationError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use support::progress::print_status;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::figures::{Figures, Group, format_ratio, format_value};
use super::machine::Machine;
use super::plot::{comparison, plot};
use super::rig::OURS;
use package::function_package::FunctionPackage;
use size::revision::revision;
use support::atomic;
use support::output::{self, CommandOutput, format_table};

/// The version of the document's format; incremented with every incompatible change.
pub const SCHEMA: u32 = 2;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    schema: u32,
    pub bench: String,
    date: String,
    /// The abbreviated commit, followed by `+` if the work tree has changes.
    commit: Option<String>,
    machine: Machine,
    command: String,
    quick: bool,
    pub figures: Figures,
}

/// The violations of `data/document.schema.json` in a document.
pub fn schema_errors(document: &Value) -> Result<Vec<String>> {
    let schema: Value = serde_json::from_str(include_str!("../data/document.schema.json"))
        .context("data/document.schema.json is not JSON")?;
    let validator = jsonschema::draft202012::new(&schema)
        .map_err(|error| anyhow!("data/document.schema.json is not a JSON schema: {error}"))?;
    let describe = |error: ValidationError| format!("{error} at `{}`", error.instance_path());
    Ok(validator.iter_errors(document).map(describe).collect())
}

#[derive(Serialize)]
#[serde(transparent)]
pub struct Documents(pub Vec<Document>);

impl Documents {
    /// Plots the overall ratios of all benches, as `comparison.svg`.
    pub fn save_comparison(&self, package: &FunctionPackage) -> Result<()> {
        let Some(document) = self.0.first() else {
            return Ok(());
        };
        let groups = self.0.iter().flat_map(|document| &document.figures.groups);
        let ratios: Vec<_> = groups
            .filter(|group| group.in_comparison)
            .filter_map(|group| Some((group.title.clone(), group.overall_ratio(OURS)?)))
            .collect();
        let title = "How many times better than a function in Python";
        let svg = comparison(title, &document.subtitle(), &ratios)?;
        let path = document.folder(package).join("comparison.svg");
        atomic::write(&path, svg.as_bytes())?;
        print_status(&format!("wrote {}", output::display_path(&path)));
        Ok(())
    }
}

impl Document {
    /// The figures of a bench on this machine; `machine` was read before measuring.
    pub fn new(
        package: &FunctionPackage,
        machine: Machine,
        bench: &str,
        quick: bool,
        figures: Figures,
    ) -> Result<Self> {
        let arguments: Vec<_> = std::env::args().skip(1).collect();
        let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
        Ok(Self {
            schema: SCHEMA,
            bench: bench.to_owned(),
            date: now.format(&Rfc3339)?,
            commit: revision(package.workspace.root()),
            machine,
            command: format!("cargo xtask {}", arguments.join(" ")),
            quick,
            figures,
        })
    }

    /// The folder of its files, in that of the machine. Results of quick runs do not replace those of thorough ones.
    pub fn folder(&self, package: &FunctionPackage) -> PathBuf {
        let benches = package.folder_in(package.workspace.target_dir().join("bench"));
        let mut folder = benches.join(&self.machine.name);
        folder.extend(self.quick.then_some("quick"));
        folder
    }

    pub fn save(&self, package: &FunctionPackage) -> Result<()> {
        let folder = self.folder(package);
        let file = |extension: &str| folder.join(format!("{}.{extension}", self.bench));
        let text = serde_json::to_string_pretty(self)? + "\n";
        atomic::write(&file("json"), text.as_bytes())?;
        let svg = plot(&self.title(), &self.subtitle(), &self.figures)?;
        atomic::write(&file("svg"), svg.as_bytes())?;
        print_status(&format!("saved in {}", output::display_path(&folder)));
        Ok(())
    }

    fn title(&self) -> String {
        format!("cargo xtask bench {}", self.bench)
    }

    fn subtitle(&self) -> String {
        let commit = self.commit.as_deref().unwrap_or("no commit");
        let quick = if self.quick { ", a quick run" } else { "" };
        let (processor, processors) = (&self.machine.processor, self.machine.processors);
        let day = self.date.get(..10).unwrap_or(&self.date);
        format!("{processor}, {processors} processors; {day}, {commit}{quick}")
    }
}

type Cell<'a> = &'a dyn Fn(&str) -> Option<String>;

fn rows(group: &Group) -> Vec<Vec<String>> {
    let (implementations, compared) = (group.implementations(), group.compared_implementations());
    let row = |name: String, value: Cell, ratio: Cell| -> Vec<String> {
        let values = implementations.iter().map(|implementation| value(implementation));
        let ratios = compared.iter().map(|implementation| ratio(implementation));
        let cells = values.chain(ratios).map(Option::unwrap_or_default);
        std::iter::once(name).chain(cells).collect()
    };
    let title = format!("{}, {}", group.title, group.unit.symbol());
    let ratio_label = |implementation: &str| Some(group.ratio_label(implementation));
    let mut rows = vec![row(
        title,
        &|implementation| Some(implementation.to_owned()),
        &ratio_label,
    )];
    for case in &group.cases {
        let value = |implementation: &str| Some(format_value(case.value(implementation)?.value));
        let ratio = |implementation: &str| Some(format_ratio(case.value(implementation)?.ratio?));
        rows.push(row(format!("  {}", case.name), &value, &ratio));
    }
    if !group.means.is_empty() {
        let mean = |implementation: &str| group.mean(implementation).map(format_ratio);
        rows.push(row("  geometric mean".to_owned(), &|_| None, &mean));
    }
    rows
}

impl CommandOutput for Document {
    fn to_text(&self) -> String {
        let mut text = format!("{}: {}\n", self.title(), self.subtitle());
        text += &format!("{}\n", self.figures.method);
        for note in &self.figures.notes {
            text += &format!("Note: {note}\n");
        }
        for group in &self.figures.groups {
            text += &format!("\n{}", format_table(&rows(group)));
        }
        text
    }
}

impl CommandOutput for Documents {
    fn to_text(&self) -> String {
        let texts: Vec<_> = self.0.iter().map(Document::to_text).collect();
        texts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use package::function_package::PackageArguments;
    use package::workspace::Workspace;

    use super::*;
    use crate::figures::Unit;

    fn document() -> Document {
        let package = FunctionPackage::find(&Workspace::find(), &PackageArguments::default()).unwrap();
        let group = Group::new("faces", Unit::Milliseconds, Some("wheel"))
            .with_case("a.jpg", &[("wheel", 120.0), ("ours", 8.0)])
            .with_case("b.jpg", &[("wheel", 90.0), ("ours", 10.0)])
            .with_means();
        let figures = Figures {
            method: "By hand.".to_owned(),
            notes: vec!["nothing was skipped".to_owned()],
            groups: vec![group],
        };
        Document::new(&package, Machine::current(), "detect", true, figures).unwrap()
    }

    #[test]
    fn documents_match_the_schema_and_round_trip() {
        let value = serde_json::to_value(document()).unwrap();
        assert_eq!(schema_errors(&value).unwrap(), Vec::<String>::new());
        let again: Document = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), value);
    }

    #[test]
    fn invalid_documents_are_rejected() {
        for (pointer, broken) in [
            ("/schema", json!(SCHEMA + 1)),
            ("/bench", json!("speed")),
            ("/date", json!("yesterday")),
            ("/machine/name", json!("a b")),
            ("/figures/groups", json!([])),
            ("/figures/groups/0/unit", json!("km")),
            ("/figures/groups/0/cases/0/values/0/value", json!(-1)),
            ("/figures/groups/0/cases/0/values/0/value", Value::Null),
            ("/figures/groups/0/cases/0/values/1/ratio", json!(0)),
        ] {
            let mut value = serde_json::to_value(document()).unwrap();
            *value.pointer_mut(pointer).unwrap() = broken;
            assert_eq!(schema_errors(&value).unwrap().len(), 1, "{pointer}");
        }
    }

    #[test]
    fn text_output_has_each_value_and_ratio() {
        let text = document().to_text();
        for part in ["faces, ms", "a.jpg", "120", "8.00", "15.0x", "geometric mean", "11.6x"] {
            assert!(text.contains(part), "no {part} in:\n{text}");
        }
    }
}
