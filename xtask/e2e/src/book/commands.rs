//! Runs the commands of the book as a reader does: in the project's folder, in a shell without any settings but where
//! Rust is installed, with an empty home folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::build::Build;
use support::files::{file_name, sorted_entries};
use support::lock::Lock;
use support::progress::print_status;
use support::run::{Shell, cmd, run_logged};

const CHAPTERS: &str = "docs/src";

/// The variables of the environment that commands get. With another value of `CARGO_INCREMENTAL`, cargo compiles the
/// project again.
const KEPT: [&str; 5] = [
    "PATH",
    "CARGO_INCREMENTAL",
    "RUSTUP_TOOLCHAIN",
    "SSL_CERT_FILE",
    "TMPDIR",
];

/// The chapter of a block and its commands.
struct Block {
    chapter: String,
    script: String,
}

pub fn test(build: &Build) -> Result<()> {
    conformance::skip_unless_runnable(&build.recipe.target)?;
    let root = build.workspace.root();
    let folder = std::path::absolute(build.workspace.target_dir().join("book-test"))?;
    let lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let home = Home::new(&folder)?;
    let blocks = blocks(root)?;
    ensure!(
        blocks.len() > 8,
        "the book has only {} blocks of commands",
        blocks.len()
    );
    let log = folder.join("log");
    if log.exists() {
        fs::remove_file(&log)?;
    }
    let environment = environment(build, &home.path)?;
    for Block { chapter, script } in &blocks {
        let start = Instant::now();
        let sh = Shell::new()?;
        sh.change_dir(root);
        // As in a terminal, except that the first failure ends the block.
        let shell = cmd!(sh, "sh -eu -c {script}").env_clear().envs(environment.clone());
        let failed = || format!("the commands in `{chapter}` failed:\n{script}");
        run_logged(shell, &log, |_| ()).with_context(failed)?;
        home.return_targets()?;
        let first = script.lines().next().unwrap_or_default();
        print_status(&format!("{chapter}: {first} ({:.1} s)", start.elapsed().as_secs_f64()));
    }
    drop(lock);
    Ok(())
}

fn environment(build: &Build, home: &Path) -> Result<Vec<(OsString, OsString)>> {
    let kept = KEPT
        .iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)));
    let mut environment: Vec<(OsString, OsString)> = kept.collect();
    // Rust's folders are in the user's own home, unless variables name them.
    let own = std::env::home_dir().context("the user has no home folder")?;
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let value = std::env::var_os(name).unwrap_or_else(|| own.join(folder).into());
        environment.push((name.into(), value));
    }
    // What is downloaded once for each user is there already.
    let toolchain = build.paths.toolchain_dir();
    let cache = toolchain.parent().context("the toolchain has no folder")?;
    environment.push(("OPENCV_BUILD_CACHE".into(), cache.into()));
    environment.push(("HOME".into(), home.into()));
    Ok(environment)
}

/// The blocks that are run, in the order of the table of contents.
fn blocks(root: &Path) -> Result<Vec<Block>> {
    let folder = root.join(CHAPTERS);
    let summary = fs::read_to_string(folder.join("SUMMARY.md"))?;
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut blocks = Vec::new();
    for chapter in links {
        let text = fs::read_to_string(folder.join(chapter))?;
        blocks.extend(scripts(&text).into_iter().map(|script| Block {
            chapter: chapter.to_owned(),
            script,
        }));
    }
    Ok(blocks)
}

/// The code blocks of the language `sh`, without those that are marked as not run.
fn scripts(text: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut inside: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut inside, line.strip_prefix("```")) {
            (None, Some(language)) => inside = Some((language == "sh", String::new())),
            (None, None) => {}
            (Some(_), Some(_)) => {
                scripts.extend(inside.take().filter(|(is_run, _)| *is_run).map(|(_, script)| script));
            }
            (Some((_, script)), None) => {
                script.push_str(line);
                script.push('\n');
            }
        }
    }
    scripts
}

/// An empty home folder, and the target folders of functions that earlier tests made in it, so that a second run
/// compiles little.
struct Home {
    path: PathBuf,
    targets: PathBuf,
}

impl Home {
    fn new(folder: &Path) -> Result<Self> {
        let home = Self {
            path: folder.join("home"),
            targets: folder.join("targets"),
        };
        fs::create_dir_all(&home.path)?;
        fs::create_dir_all(&home.targets)?;
        for function in sorted_entries(&home.path)? {
            let (target, kept) = home.target_of(&function);
            if target.is_dir() && !kept.exists() {
                fs::rename(target, kept)?;
            }
        }
        fs::remove_dir_all(&home.path)?;
        fs::create_dir(&home.path)?;
        Ok(home)
    }

    /// Where cargo writes to, and where that is kept.
    fn target_of(&self, function: &Path) -> (PathBuf, PathBuf) {
        (function.join("target"), self.targets.join(file_name(function)))
    }

    /// Moves kept target folders into functions that have none.
    fn return_targets(&self) -> Result<()> {
        for function in sorted_entries(&self.path)? {
            let (target, kept) = self.target_of(&function);
            if kept.is_dir() && function.join("Cargo.toml").is_file() && !target.exists() {
                fs::rename(kept, target)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_without_a_reason_are_run() {
        let text = "a\n```sh\nls\ncd x\n```\n```sh,not-run=needs AWS\naws\n```\n```text\nb\n```\n```sh\npwd\n```\n";
        assert_eq!(scripts(text), ["ls\ncd x\n", "pwd\n"]);
    }

    #[test]
    fn target_folders_survive_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path()).unwrap();
        let function = home.path.join("scan");
        fs::create_dir_all(function.join("target")).unwrap();
        fs::write(function.join("target/built"), "").unwrap();
        let home = Home::new(folder.path()).unwrap();
        assert!(!function.exists());
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("Cargo.toml"), "").unwrap();
        home.return_targets().unwrap();
        assert!(function.join("target/built").is_file());
    }
}
