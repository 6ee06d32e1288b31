//! Runs one fuzzer: first each case that is too large for mutation, then mutated inputs, with limits of memory and time
//! for each. Inputs that cause errors are kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};
use fs_err::{self as fs, File};
use support::child::Child;
use support::files::sorted_entries;
use support::progress::print_status;
use support::run::{Shell, cmd, display_command};

use super::statistics::FuzzStatistics;
use super::target::Target;

/// Limits for one input: the memory of the whole process in MB, and seconds. The sanitizers use most of both.
const BOUNDS: [&str; 2] = ["-rss_limit_mb=1536", "-timeout=30"];
/// The quarantine of freed memory is 256 MB by default.
const ASAN: &str = "quarantine_size_mb=32:detect_leaks=1";
const UBSAN: &str = "print_stacktrace=1";

pub struct Folders<'a> {
    pub programs: &'a Path,
    /// The crate `fuzz`.
    pub package: &'a Path,
    /// The folder of seeds, cases, corpora and results.
    pub work: &'a Path,
}

/// A running fuzzer.
pub struct Fuzzer {
    name: String,
    child: Child,
    log: PathBuf,
    found: PathBuf,
    shown: String,
}

impl Fuzzer {
    /// Runs the cases, and starts fuzzing for `seconds` seconds.
    pub fn start(target: &Target, folders: &Folders, seconds: u32) -> Result<Self> {
        let name = &target.name;
        let below = |kind: &str| folders.work.join(kind).join(name);
        let (corpus, found, seeds) = (below("corpus"), below("found"), below("seeds"));
        for folder in [&corpus, &found, &seeds] {
            fs::create_dir_all(folder)?;
        }
        let log = folders.work.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let sh = Shell::new()?;
        let program = || -> Result<Command> {
            let program = folders.programs.join(name);
            let program = cmd!(sh, "{program} {BOUNDS...} -artifact_prefix={found}/")
                .env("ASAN_OPTIONS", ASAN)
                .env("UBSAN_OPTIONS", UBSAN);
            let mut program = Command::from(program);
            program
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(output.try_clone()?.into_file());
            Ok(program)
        };
        let mut fuzzer = program()?;
        fuzzer
            .args([&corpus, &seeds])
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={}", target.max_len));
        if let Some(words) = &target.dictionary {
            let path = folders.package.join(format!("dictionaries/{words}.dict"));
            fuzzer.arg(format!("-dict={}", path.display()));
        }
        let shown = display_command(&fuzzer);
        let cases = files(&below("cases"));
        if !cases.is_empty() {
            print_status(&format!("{name}: running {} cases", cases.len()));
            let status = program()?.args(&cases).status()?;
            check(name, status.success(), &log, &found, &shown)?;
        }
        print_status(&format!("{name}: fuzzing for {seconds} s"));
        Ok(Self {
            name: name.clone(),
            child: Child::start(&mut fuzzer)?,
            log,
            found,
            shown,
        })
    }

    /// Waits for the fuzzer to end. The inner result is an error if it found one.
    pub fn wait(self) -> Result<(FuzzStatistics, Result<()>)> {
        let status = self.child.wait()?;
        let log = fs::read(&self.log).unwrap_or_default();
        let statistics = FuzzStatistics::read(&String::from_utf8_lossy(&log)).unwrap_or_default();
        let checked = check(&self.name, status.success(), &self.log, &self.found, &self.shown);
        let ran = || {
            ensure!(statistics.executions > 0, "the fuzzer {} did not run", self.name);
            Ok(())
        };
        let checked = checked.and_then(|()| ran());
        Ok((statistics, checked))
    }
}

/// The files in a folder, or none if it does not exist.
fn files(folder: &Path) -> Vec<PathBuf> {
    sorted_entries(folder).unwrap_or_default()
}

fn check(name: &str, good: bool, log: &Path, found: &Path, shown: &str) -> Result<()> {
    if good {
        return Ok(());
    }
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    bail!(
        "the fuzzer {name} found an error; the input is in `{}` (to reproduce, run `{shown}` with that file instead \
         of the folders), and the complete log is `{}`:\n  | {}",
        found.display(),
        log.display(),
        error_summary(&text).join("\n  | ")
    );
}

/// At most 30 lines of the log, from the first error on.
fn error_summary(log: &str) -> Vec<&str> {
    let starts = |line: &&str| {
        ["ERROR:", "runtime error:", "panicked at"]
            .iter()
            .any(|word| line.contains(word))
    };
    let lines: Vec<_> = log.lines().collect();
    let from = lines.iter().position(starts);
    let from = from.unwrap_or_else(|| lines.len().saturating_sub(30));
    lines.into_iter().skip(from).take(30).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_starts_with_the_error() {
        let log = "INFO: x\na.cpp:1:2: runtime error: index\n  #0 there\n";
        assert_eq!(error_summary(log)[0], "a.cpp:1:2: runtime error: index");
        assert_eq!(error_summary("one\ntwo\n"), ["one", "two"]);
        let long = format!("==1==ERROR: AddressSanitizer\n{}", "x\n".repeat(99));
        assert_eq!(error_summary(&long).len(), 30);
    }
}
