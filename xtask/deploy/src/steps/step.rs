//! A step: a resource, and the commands that create, change or remove it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use support::output::display_path;
use support::run::shell_word;

use crate::aws::AwsCommand;

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Such as `role thumbs-role`.
    pub resource: String,
    pub change: Change,
    pub commands: Vec<StepCommand>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Create,
    /// What differs, a phrase each.
    Update(Vec<String>),
    Remove,
    Leave,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepCommand {
    Aws(AwsCommand),
    /// Pushes the layout to the repository with this URI under this tag.
    Push {
        layout: PathBuf,
        reference: String,
    },
}

/// What the output of a command says about a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepOutput {
    pub resource: String,
    pub change: Change,
    pub commands: Vec<String>,
    #[serde(skip)]
    pub text: String,
}

impl From<&Step> for StepOutput {
    fn from(step: &Step) -> Self {
        Self {
            resource: step.resource.clone(),
            change: step.change.clone(),
            commands: step.commands.iter().map(ToString::to_string).collect(),
            text: step.to_string(),
        }
    }
}

impl Step {
    pub(crate) fn new(resource: impl Into<String>, change: Change, commands: Vec<AwsCommand>) -> Self {
        Self {
            resource: resource.into(),
            change,
            commands: commands.into_iter().map(StepCommand::Aws).collect(),
        }
    }

    /// Creates a resource that does not exist; changes or leaves one that does, by its differences.
    pub(crate) fn create_or_update(
        resource: impl Into<String>,
        differences: Option<Vec<String>>,
        create: impl FnOnce() -> Vec<AwsCommand>,
        update: impl FnOnce() -> Vec<AwsCommand>,
    ) -> Self {
        match differences {
            None => Self::new(resource, Change::Create, create()),
            Some(differences) if differences.is_empty() => Self::new(resource, Change::Leave, Vec::new()),
            Some(differences) => Self::new(resource, Change::Update(differences), update()),
        }
    }

    pub fn is_needed(&self) -> bool {
        self.change != Change::Leave
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, differences) = match &self.change {
            Change::Create => ("create", &[][..]),
            Change::Update(differences) => ("change", differences.as_slice()),
            Change::Remove => ("remove", &[][..]),
            Change::Leave => ("leave ", &[][..]),
        };
        write!(f, "{verb}  {}", self.resource)?;
        if !differences.is_empty() {
            write!(f, ": {}", differences.join(", "))?;
        }
        for command in &self.commands {
            write!(f, "\n        {command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for StepCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(command) => write!(f, "{command}"),
            Self::Push { layout, reference } => {
                let layout = display_path(layout);
                write!(f, "cargo xtask push {} {reference}", shell_word(&layout))
            }
        }
    }
}

/// Such as `memory 512 → 1024`, if the values differ.
pub(super) fn difference(name: &str, from: impl fmt::Display, to: impl fmt::Display) -> Option<String> {
    let (from, to) = (from.to_string(), to.to_string());
    (from != to).then(|| match from.is_empty() {
        true => format!("{name} {to}"),
        false => format!("{name} {from} → {to}"),
    })
}
