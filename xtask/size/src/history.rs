//! `data/history.json`: what made the function what it is, and the report of the last record. A record
//! enters and the file is written anew; the file of a git revision, or a document that was printed, leaves as
//! an earlier report.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

use super::bootstrap;
use super::part::{Kind, Part};
use super::report::{Before, Document, Milestone, Report, SCHEMA};
use package::git;
use support::atomic;

/// The file, from the project's root.
pub const FILE: &str = "xtask/size/data/history.json";
/// Where it was in earlier revisions.
const EARLIER: &str = "xtask/data/size/history.json";

const ARCHITECTURE: Architecture = Architecture::X86_64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The version of its form, [`SCHEMA`].
    schema: u32,
    /// What a reader should know.
    about: String,
    /// Oldest first.
    pub milestones: Vec<Milestone>,
    /// The report of the last record: the components of `bootstrap`, and totals.
    report: Option<Report>,
}

impl History {
    /// That of the project at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path)?;
        Self::parse(&text).with_context(|| format!("failed to read `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let history: Self = serde_json::from_str(text)?;
        ensure!(
            history.schema == SCHEMA,
            "it has schema {}, and this program reads {SCHEMA}",
            history.schema
        );
        Ok(history)
    }

    /// The milestones of an architecture.
    pub fn of(self, architecture: Architecture) -> Vec<Milestone> {
        if architecture == ARCHITECTURE {
            self.milestones
        } else {
            Vec::new()
        }
    }

    /// Adds what `report` says of the function, after `what` was done.
    fn add(&mut self, what: &str, report: &Report) -> Result<()> {
        ensure!(!what.trim().is_empty(), "say what was done");
        ensure!(
            report.architecture == ARCHITECTURE,
            "milestones are those of {ARCHITECTURE}, and this report is of {}",
            report.architecture
        );
        let missing = || format!("the report has no packed size of `{}`", bootstrap::NAME);
        let bootstrap = report.artefact(bootstrap::NAME).with_context(missing)?;
        self.milestones.push(Milestone {
            what: what.trim().to_owned(),
            unpacked: bootstrap.bytes,
            packed: bootstrap.packed.with_context(missing)?,
        });
        self.report = Some(compact(report));
        Ok(())
    }

    fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Records in the project at `root` that `what` was done, and what `report` says now.
pub fn record(root: &Path, what: &str, report: &Report) -> Result<()> {
    let path = root.join(FILE);
    let failed = || format!("failed to record the sizes in `{}`", path.display());
    let mut history = History::read(root)?;
    history.add(what, report).with_context(failed)?;
    atomic::write(&path, history.text()?.as_bytes())
}

/// The report without what lies below the components of `bootstrap`, and of other artefacts the totals.
fn compact(report: &Report) -> Report {
    let artefacts = report.artefacts.iter().map(|artefact| {
        let depth = if artefact.name == bootstrap::NAME {
            2
        } else {
            0
        };
        cut(artefact, depth)
    });
    Report {
        artefacts: artefacts.collect(),
        ..report.clone()
    }
}

fn cut(part: &Part, depth: usize) -> Part {
    let parts: Vec<_> = match depth.checked_sub(1) {
        Some(depth) => part.parts.iter().map(|part| cut(part, depth)).collect(),
        None => Vec::new(),
    };
    let is_cut = parts.is_empty() && !part.parts.is_empty();
    Part {
        name: part.name.clone(),
        bytes: part.bytes,
        kind: if is_cut { Some(Kind::File) } else { part.kind },
        linked: part.linked,
        packed: part.packed,
        parts,
    }
}

/// The report that `against` names: a file that `--json` printed, or a revision of the checkout at `root`.
///
/// # Errors
/// It is neither, or of another architecture.
pub fn against(root: &Path, against: &str, architecture: Architecture) -> Result<Before> {
    let path = Path::new(against);
    let report = if path.is_file() {
        printed(path)?
    } else {
        of_revision(root, against)?
    };
    ensure!(
        report.architecture == architecture,
        "the sizes of `{against}` are of {}, and these are of {architecture}; compare with a file that \
         `cargo xtask size --architecture {architecture} --json` printed",
        report.architecture
    );
    Ok(Before {
        label: against.to_owned(),
        report,
    })
}

/// The report in a document.
fn printed(path: &Path) -> Result<Report> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let failed = || format!("failed to read the sizes in `{}`", path.display());
    let advice = "it is nothing that `cargo xtask size --json` printed";
    let text = fs::read(path).with_context(failed)?;
    let Version { schema } = serde_json::from_slice(&text)
        .context(advice)
        .with_context(failed)?;
    ensure!(
        schema == SCHEMA,
        "failed to read the sizes in `{}`: it has schema {schema}, and this program reads {SCHEMA}; print it \
         again",
        path.display()
    );
    let document: Document = serde_json::from_slice(&text)
        .context(advice)
        .with_context(failed)?;
    Ok(document.report)
}

/// The report in the history of a revision.
fn of_revision(root: &Path, name: &str) -> Result<Report> {
    let failed = || format!("failed to read the sizes of the revision `{name}`");
    let instead = "name another revision, or a file that `cargo xtask size --json` printed";
    if !git::is_checkout(root) {
        bail!(
            "{}: the project is no git checkout, and there is no such file; name a file that \
             `cargo xtask size --json` printed",
            failed()
        );
    }
    let ask = |arguments: &[&str]| {
        git::ask(root, arguments)
            .context("git cannot be run; name a file that `cargo xtask size --json` printed")
            .with_context(failed)
    };
    // Git would take it for an option.
    let is_name = !name.is_empty() && !name.starts_with('-') && !name.contains(':');
    let commit = format!("{name}^{{commit}}");
    if !is_name
        || !ask(&["rev-parse", "--quiet", "--verify", &commit])?
            .status
            .success()
    {
        bail!(
            "{}: git knows none of that name, and there is no such file; {instead}",
            failed()
        );
    }
    let show = |file: &str| ask(&["show", &format!("{name}:{file}")]);
    let mut shown = show(FILE)?;
    if !shown.status.success() {
        shown = show(EARLIER)?;
    }
    if !shown.status.success() {
        bail!(
            "{}: it has no `{FILE}`, as it is older than that; {instead}",
            failed()
        );
    }
    let text = String::from_utf8_lossy(&shown.stdout);
    let history = History::parse(&text)
        .with_context(|| format!("its `{FILE}` cannot be used; {instead}"))
        .with_context(failed)?;
    history
        .report
        .with_context(|| {
            format!("nothing was recorded in it with `cargo xtask size --record`; {instead}")
        })
        .with_context(failed)
}

#[cfg(test)]
mod tests;
