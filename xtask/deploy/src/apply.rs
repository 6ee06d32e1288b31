//! Carries out steps, one after the other.

use std::io::{IsTerminal, stdin};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use package::program::PUSH;
use serde_json::json;
use support::progress::print_status;

use crate::aws::error::AwsError;
use crate::aws::{self, Aws, AwsCommand};
use crate::steps::{Step, StepCommand};

/// How long AWS may refuse what depends on something that was made or removed a moment ago.
const PASSING_TIMEOUT: Duration = Duration::from_secs(90);

/// Asks for consent to what was printed, unless `yes` was given.
///
/// # Errors
/// It is refused, or nobody can be asked.
pub fn confirm(yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    ensure!(
        stdin().is_terminal(),
        "nothing was changed, because there is no terminal for a confirmation; add `--yes`, or see what would be done with \
         `--dry-run`"
    );
    // stdout is for the output.
    eprint!("Carry it out? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    ensure!(is_yes, "nothing was changed");
    Ok(())
}

/// # Errors
/// A command fails: the steps before it are done, and the same command line does the rest.
pub fn apply(aws: &mut Aws, steps: &[Step]) -> Result<()> {
    let steps: Vec<_> = steps.iter().filter(|step| step.is_needed()).collect();
    for (done, step) in steps.iter().enumerate() {
        print_status(&step.resource);
        for command in &step.commands {
            run(aws, command).with_context(|| {
                let resource = &step.resource;
                let steps = steps.len();
                format!("failed at `{resource}`, after {done} of {steps} steps; run the same command again to go on")
            })?;
        }
    }
    Ok(())
}

fn run(aws: &mut Aws, command: &StepCommand) -> Result<()> {
    match command {
        StepCommand::Aws(command) => run_aws(aws, command),
        StepCommand::Push { layout, reference } => push(layout, reference),
    }
}

fn run_aws(aws: &mut Aws, command: &AwsCommand) -> Result<()> {
    let start = Instant::now();
    loop {
        match aws.run(command) {
            Ok(_) => return Ok(()),
            Err(error) if error.is_passing() && start.elapsed() < PASSING_TIMEOUT => {
                sleep(Duration::from_secs(3));
            }
            Err(error) if is_done(command, &error) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the command failed because an earlier attempt, whose response was lost, succeeded.
fn is_done(command: &AwsCommand, error: &AwsError) -> bool {
    let operation = command.operation();
    let creates = operation.contains(" add-permission") || operation.contains(" create-log-group");
    let exists = ["ResourceConflictException", "ResourceAlreadyExistsException"];
    creates && error.has_code(&exists)
}

/// Pushes an image with our own client, and with credentials that only it sees.
fn push(layout: &std::path::Path, reference: &str) -> Result<()> {
    let registry = reference.split('/').next().unwrap_or_default();
    let password = aws::text(&AwsCommand::new("ecr", "get-login-password"))?;
    let folder = tempfile::tempdir()?;
    let login = STANDARD.encode(format!("AWS:{}", password.trim()));
    let config = json!({"auths": {registry: {"auth": login}}});
    fs::write(folder.path().join("config.json"), config.to_string())?;
    let pushed = PUSH.output_with(
        &["push".into()],
        &[layout.into(), reference.into()],
        &[("DOCKER_CONFIG".into(), folder.path().into())],
    );
    match pushed {
        Ok(_) => Ok(()),
        Err(error) => bail!("failed to push the image to {reference}: {error:#}"),
    }
}
