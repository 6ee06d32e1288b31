//! A function's history: the milestones of its size, and the report of the last record. Records milestones, and loads
//! previous reports from that file in a git revision or from a printed document.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

use super::bootstrap;
use super::report::{self, Milestone, PreviousReport, Report, SCHEMA};
use package::function_package::FunctionPackage;
use package::git;
use support::atomic;

/// The file of the default function.
pub const FILE: &str = "xtask/size/data/history.json";
/// That of other functions, beside their manifests.
const PACKAGE_FILE: &str = "size-history.json";
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

/// Where a function's history is: a file of a workspace, by its relative path.
pub struct HistoryFile {
    root: PathBuf,
    file: String,
}

impl HistoryFile {
    pub fn of(package: &FunctionPackage) -> Self {
        let root = package.workspace.root();
        if package.is_default {
            return Self::of_project(root);
        }
        let folder = package.folder().strip_prefix(root).unwrap_or(Path::new(""));
        Self {
            root: root.to_owned(),
            file: folder.join(PACKAGE_FILE).display().to_string(),
        }
    }

    /// The history of the default function of the project in `root`.
    pub fn of_project(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            file: FILE.to_owned(),
        }
    }

    fn path(&self) -> PathBuf {
        self.root.join(&self.file)
    }
}

impl History {
    /// The history in `file`; an empty one if it does not exist.
    pub fn read(file: &HistoryFile) -> Result<Self> {
        let path = file.path();
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::new()),
            text => Self::parse(&text?).with_context(|| format!("failed to read `{}`", path.display())),
        }
    }

    fn new() -> Self {
        Self {
            schema: SCHEMA,
            description: "Milestones of the function's size, recorded by `cargo xtask size --record`.".to_owned(),
            milestones: Vec::new(),
            report: None,
        }
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

pub fn record(file: &HistoryFile, description: &str, report: &Report) -> Result<()> {
    let path = file.path();
    let failed = || format!("failed to record the sizes in `{}`", path.display());
    let mut history = History::read(file)?;
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

/// Loads the report of `--against`: a file that `--json` printed, or that of a history's file in a revision.
pub fn load_previous(file: &HistoryFile, against: &str, architecture: Architecture) -> Result<PreviousReport> {
    let path = Path::new(against);
    let report = if path.is_file() {
        let text = fs::read(path)?;
        report::parse_report(&text)
            .context("it was not printed by this version's `cargo xtask size --json`; print it again")
            .with_context(|| format!("failed to read the sizes in `{}`", path.display()))?
    } else {
        report_at_revision(file, against)
            .with_context(|| format!("failed to read the sizes of the revision `{against}`"))?
    };
    ensure!(
        report.architecture == architecture,
        "the sizes of `{against}` are for {}, and these are for {architecture}; compare with a file that \
         `cargo xtask size --arch {architecture} --json` printed",
        report.architecture
    );
    Ok(PreviousReport {
        label: against.to_owned(),
        report,
    })
}

fn report_at_revision(history: &HistoryFile, name: &str) -> Result<Report> {
    let HistoryFile { root, file } = history;
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
    let mut shown = show(file)?;
    if !shown.status.success() && file == FILE {
        shown = show(LEGACY_FILE)?;
    }
    ensure!(shown.status.success(), "it is older than `{file}`; {instead}");
    let history = History::parse(&String::from_utf8_lossy(&shown.stdout))
        .with_context(|| format!("its `{file}` cannot be used; {instead}"))?;
    history
        .report
        .with_context(|| format!("it has no sizes recorded with `cargo xtask size --record`; {instead}"))
}

#[cfg(test)]
mod tests;
