//! `data/history.json`: the milestones of the function's size, and the report of the last record. Records milestones,
//! and loads previous reports from that file in a git revision or from a printed document.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

use super::bootstrap;
use super::report::{self, Milestone, PreviousReport, Report, SCHEMA};
use package::git;
use support::atomic;

pub const FILE: &str = "xtask/size/data/history.json";
const LEGACY_FILE: &str = "xtask/data/size/history.json";

const RECORDED_ARCHITECTURE: Architecture = Architecture::X86_64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    schema: u32,
    #[serde(alias = "about")]
    description: String,
    pub milestones: Vec<Milestone>,
    /// The report of the last record: the components of `bootstrap`, and totals.
    report: Option<Report>,
}

impl History {
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path)?;
        Self::parse(&text).with_context(|| format!("failed to read `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut history: Self = serde_json::from_str(text)?;
        report::check_schema(history.schema)?;
        history.schema = SCHEMA;
        Ok(history)
    }

    pub fn milestones_for(self, architecture: Architecture) -> Vec<Milestone> {
        if architecture == RECORDED_ARCHITECTURE {
            self.milestones
        } else {
            Vec::new()
        }
    }

    fn add_milestone(&mut self, description: &str, report: &Report) -> Result<()> {
        ensure!(
            !description.trim().is_empty(),
            "the description is empty; describe what was done"
        );
        ensure!(
            report.architecture == RECORDED_ARCHITECTURE,
            "milestones are recorded for {RECORDED_ARCHITECTURE}, and this report is for {}",
            report.architecture
        );
        let missing = || format!("the report has no compressed size of `{}`", bootstrap::NAME);
        let bootstrap = report.artefact(bootstrap::NAME).with_context(missing)?;
        self.milestones.push(Milestone {
            description: description.trim().to_owned(),
            uncompressed_bytes: bootstrap.bytes,
            compressed_bytes: bootstrap.compressed_bytes.with_context(missing)?,
        });
        self.report = Some(compact(report));
        Ok(())
    }

    fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

pub fn record(root: &Path, description: &str, report: &Report) -> Result<()> {
    let path = root.join(FILE);
    let failed = || format!("failed to record the sizes in `{}`", path.display());
    let mut history = History::read(root)?;
    history.add_milestone(description, report).with_context(failed)?;
    atomic::write(&path, history.to_json()?.as_bytes())
}

/// The report with only the components of `bootstrap`, and the totals of other artefacts.
fn compact(report: &Report) -> Report {
    let artefacts = report.artefacts.iter().map(|artefact| {
        let is_program = artefact.name == bootstrap::NAME;
        artefact.truncated(if is_program { 2 } else { 0 })
    });
    Report {
        artefacts: artefacts.collect(),
        ..report.clone()
    }
}

/// Loads the report of `--against`: a file that `--json` printed, or a revision of the checkout at `root`.
pub fn load_previous(root: &Path, against: &str, architecture: Architecture) -> Result<PreviousReport> {
    let path = Path::new(against);
    let report = if path.is_file() {
        let text = fs::read(path)?;
        report::parse_report(&text)
            .context("it was not printed by this version's `cargo xtask size --json`; print it again")
            .with_context(|| format!("failed to read the sizes in `{}`", path.display()))?
    } else {
        report_at_revision(root, against)
            .with_context(|| format!("failed to read the sizes of the revision `{against}`"))?
    };
    ensure!(
        report.architecture == architecture,
        "the sizes of `{against}` are for {}, and these are for {architecture}; compare with a file that \
         `cargo xtask size --architecture {architecture} --json` printed",
        report.architecture
    );
    Ok(PreviousReport {
        label: against.to_owned(),
        report,
    })
}

fn report_at_revision(root: &Path, name: &str) -> Result<Report> {
    let printed = "name a file that `cargo xtask size --json` printed";
    let instead = "name another revision, or a file that `cargo xtask size --json` printed";
    ensure!(
        git::is_checkout(root),
        "there is no such file, and the project is not a git checkout; {printed}"
    );
    let cannot = || format!("failed to run git; {printed}");
    let run_git = |arguments: &[&str]| git::run_git(root, arguments).with_context(cannot);
    // git would take a name with a leading `-` for an option, and one with a colon for a file.
    let is_name = !name.is_empty() && !name.starts_with('-') && !name.contains(':');
    let commit = format!("{name}^{{commit}}");
    ensure!(
        is_name
            && run_git(&["rev-parse", "--quiet", "--verify", &commit])?
                .status
                .success(),
        "there is no such file, and no such git revision; {instead}"
    );
    let show = |file: &str| run_git(&["show", &format!("{name}:{file}")]);
    let mut shown = show(FILE)?;
    if !shown.status.success() {
        shown = show(LEGACY_FILE)?;
    }
    ensure!(shown.status.success(), "it is older than `{FILE}`; {instead}");
    let history = History::parse(&String::from_utf8_lossy(&shown.stdout))
        .with_context(|| format!("its `{FILE}` cannot be used; {instead}"))?;
    history
        .report
        .with_context(|| format!("it has no sizes recorded with `cargo xtask size --record`; {instead}"))
}

#[cfg(test)]
mod tests;
