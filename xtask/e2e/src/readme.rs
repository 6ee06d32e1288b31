//! That the command line has every option that the README names, each verb asked for its help.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use fs_err as fs;
use package::program::{PROGRAMS, sibling_binary};
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

use super::programs;

/// Asks each verb once.
pub fn test(workspace: &Workspace) -> Result<()> {
    let path = workspace.root().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let calls = readme
        .lines()
        .filter_map(|line| line.split_once("cargo xtask "));
    let mut helps = BTreeMap::new();
    let sh = Shell::new()?;
    let mut count = 0;
    for (_, call) in calls {
        let call = call.split(['`', '#', '|']).next().unwrap_or_default();
        let words = || call.split_whitespace();
        let Some(verb) = words().find(|word| !word.starts_with('-')) else {
            continue;
        };
        if !helps.contains_key(verb) {
            let (program, verbs) = match PROGRAMS.iter().find(|program| program.verb == verb) {
                Some(program) => (sibling_binary(program.binary)?, program.subcommand),
                None => (programs::xtask()?, Some(verb)),
            };
            let help = output(cmd!(sh, "{program} {verbs...} --help"))?;
            helps.insert(verb.to_owned(), help);
        }
        let help = helps.get(verb).map(String::as_str).unwrap_or_default();
        for option in words().filter(|word| word.starts_with("--")) {
            ensure!(help.contains(option), "`{verb}` has no option `{option}`");
            count += 1;
        }
    }
    ensure!(count > 10, "the README names only {count} options");
    Ok(())
}
