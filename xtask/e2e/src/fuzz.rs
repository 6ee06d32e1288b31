//! Fuzzing with AddressSanitizer and UndefinedBehaviorSanitizer in Rust, C and C++: of photos from decoding to the
//! annotated result, and of every other parser of untrusted input. None may panic, hang, access invalid memory, or
//! allocate memory without limit. The targets are in the crate `fuzz`; inputs that cause errors are kept.

mod build;
mod run;
mod sanitizer_checks;
mod seeds;
mod statistics;
mod target;

use std::thread::available_parallelism;

use anyhow::{Context, Result, bail};
use support::progress::print_status;

use super::promises;
use package::build::Build;
use package::workspace::Workspace;
use run::{Folders, Fuzzer};
use statistics::FuzzStatistics;
use support::output::format_table;

const PROMISE: &str = "no parser panics, hangs or accesses invalid memory";

#[derive(clap::Args, Clone, Debug, Default)]
pub struct FuzzArguments {
    /// Run time of each fuzzer [default: 60]
    #[arg(long, value_name = "SECONDS", requires = "slow")]
    pub seconds: Option<u32>,

    /// Only this fuzzer; can be repeated
    #[arg(long = "fuzzer", value_name = "NAME", requires = "slow")]
    pub fuzzers: Vec<String>,
}

/// Builds the fuzzers, and runs as many at once as there are processors.
pub fn test(project: &Build, arguments: &FuzzArguments) -> Result<()> {
    let workspace = &project.workspace;
    let package = build::crate_dir(workspace);
    let targets = target::targets(&package, &arguments.fuzzers)?;
    let built = build::build_programs(project)?;
    let work = build::work_dir(workspace);
    seeds::write(project, &built, &targets, &work)?;
    let folders = Folders {
        programs: &built.programs,
        package: &package,
        work: &work,
    };
    let seconds = arguments.seconds.unwrap_or(60);
    let mut results = Vec::new();
    let at_once = available_parallelism().map_or(1, usize::from);
    for targets in targets.chunks(at_once) {
        let started: Vec<_> = targets
            .iter()
            .map(|target| Fuzzer::start(target, &folders, seconds))
            .collect();
        for (target, fuzzer) in targets.iter().zip(started) {
            let result = match fuzzer {
                Ok(fuzzer) => fuzzer.wait()?,
                Err(error) => (FuzzStatistics::default(), Err(error)),
            };
            let (statistics, found) = (&result.0, usize::from(result.1.is_err()));
            let how = format!(
                "the fuzzer {} for {seconds} s, cov {}, ft {}",
                target.name, statistics.coverage, statistics.features
            );
            let times = usize::try_from(statistics.executions).unwrap_or(usize::MAX);
            promises::record(PROMISE, how, times, found);
            results.push((target.name.as_str(), result));
        }
    }
    print_status(&format_results(&results, seconds));
    let errors: Vec<_> = results
        .into_iter()
        .filter_map(|(_, (_, result))| Some(format!("{:#}", result.err()?)))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    bail!("{}", errors.join("\n"))
}

fn format_results(results: &[(&str, (FuzzStatistics, Result<()>))], seconds: u32) -> String {
    let mut rows = vec![
        ["fuzzer", "executions", "per second", "cov", "ft", "corpus", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (name, (statistics, result)) in results {
        let found = if result.is_ok() { "" } else { "FAILED" };
        let numbers = [
            statistics.executions,
            statistics.per_second,
            statistics.coverage,
            statistics.features,
            statistics.corpus,
        ];
        let mut row = vec![(*name).to_owned()];
        row.extend(numbers.map(|number| number.to_string()));
        row.push(found.to_owned());
        rows.push(row);
    }
    format!("Fuzzed for {seconds} s each:\n{}", format_table(&rows))
}

/// Checks that the fuzzers' lock file is up to date with the crates: fuzzers are built rarely, and nothing else would
/// detect it.
pub fn check_lock(workspace: &Workspace) -> Result<()> {
    let mut cargo = support::cargo::cargo();
    cargo
        .current_dir(build::crate_dir(workspace))
        .args(["update", "--workspace", "--locked", "--quiet"]);
    support::run::run_checked(&mut cargo)
        .context("`fuzz/Cargo.lock` is outdated; run `cargo update --workspace` in `fuzz`")
}
