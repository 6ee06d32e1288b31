//! Checks that every option that a document shows is in the `--help` of its command.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::program::{PROGRAMS, sibling_binary};
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

use super::programs;

pub fn test(workspace: &Workspace) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(workspace.root());
    let documents = output(cmd!(sh, "git ls-files *.md :!CHANGELOG.md :!docs/decisions"))?;
    let mut helps = BTreeMap::new();
    let mut count = 0;
    for document in documents.lines() {
        let text = fs::read_to_string(workspace.root().join(document))?;
        let calls = text.lines().filter_map(|line| line.split_once("cargo xtask "));
        for (_, call) in calls {
            count += check_call(call, &mut helps).with_context(|| format!("in {document}"))?;
        }
    }
    ensure!(count > 20, "the documents show only {count} options");
    Ok(())
}

/// Checks the options of one call and counts them. `helps` has the help of commands that were checked before.
fn check_call(call: &str, helps: &mut BTreeMap<String, String>) -> Result<usize> {
    let call = call.split(['`', '#', '|', ';']).next().unwrap_or_default();
    let words = || call.split_whitespace();
    let Some(command) = words().find(|word| !word.starts_with('-')) else {
        return Ok(0);
    };
    if !helps.contains_key(command) {
        let (program, subcommand) = match PROGRAMS.iter().find(|program| program.command == command) {
            Some(program) => (sibling_binary(program.binary)?, program.binary_subcommand),
            None => (programs::xtask()?, Some(command)),
        };
        let sh = Shell::new()?;
        let help = output(cmd!(sh, "{program} {subcommand...} --help"))?;
        helps.insert(command.to_owned(), help);
    }
    let help = helps.get(command).map(String::as_str).unwrap_or_default();
    let options: Vec<_> = words().filter(|word| word.starts_with("--")).collect();
    for option in &options {
        let name = option.split('=').next().unwrap_or(option);
        ensure!(help.contains(name), "`{command}` does not have an option `{name}`");
    }
    Ok(options.len())
}
