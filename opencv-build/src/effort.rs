//! How much processor time compiling each library took. Reads ninja's log, which has how long each
//! compiler ran, and what the system says of the processor time of all of them together.
//!
//! A compiler that shares its core with other work runs longer than it computes. So the times of the
//! log are scaled by the processor time of the runs over the sum of their times in the log, which
//! makes builds comparable whatever the number of jobs and whatever else the machine did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::links::link_name;

/// Processor time by library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Seconds by the name that the library is linked by: `opencv_core`, `png`.
    pub seconds: BTreeMap<String, f64>,
}

/// What complete runs of ninja took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Runs {
    /// Of processors.
    processor: f64,
    /// The same in ninja's log.
    logged: f64,
}

/// One command of ninja's, as its log has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    /// When it began and ended, in milliseconds after its run's start.
    times: (u64, u64),
    /// When its output was written.
    written: String,
    output: String,
}

impl Edge {
    fn seconds(&self) -> f64 {
        let (start, end) = self.times;
        #[expect(clippy::cast_precision_loss, reason = "no build takes so long")]
        let milliseconds = end.saturating_sub(start) as f64;
        milliseconds / 1e3
    }
}

/// A run of ninja that has begun.
pub(crate) struct Run {
    build: PathBuf,
    before: BTreeSet<Edge>,
    processor: f64,
}

impl Run {
    /// Looks at the clock before a run in the folder `build`.
    pub(crate) fn start(build: &Path) -> Result<Self> {
        Ok(Self {
            build: build.to_owned(),
            before: edges_in(build)?.into_iter().collect(),
            processor: processor_seconds()?,
        })
    }

    /// Adds the run, which has ended, to those before it in the same folder.
    pub(crate) fn end(self) -> Result<()> {
        let processor = processor_seconds()? - self.processor;
        let edges = edges_in(&self.build)?;
        let new = edges.iter().filter(|edge| !self.before.contains(edge));
        let logged: f64 = new.map(Edge::seconds).sum();
        if logged == 0.0 {
            return Ok(());
        }
        let before = Runs::of(&self.build)?;
        let runs = Runs {
            processor: before.processor + processor,
            logged: before.logged + logged,
        };
        let path = Runs::path(&self.build);
        fs::write(&path, serde_json::to_vec(&runs)?)
            .with_context(|| format!("failed to write `{}`", path.display()))
    }
}

impl Runs {
    fn path(build: &Path) -> PathBuf {
        build.join("effort.json")
    }

    fn of(build: &Path) -> Result<Self> {
        let path = Self::path(build);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read(&path);
        let text = text.with_context(|| format!("failed to read `{}`", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("failed to read `{}`", path.display()))
    }

    /// What a second of the log is of a processor's; 1 where no run was complete.
    fn scale(self) -> f64 {
        if self.logged > 0.0 {
            self.processor / self.logged
        } else {
            1.0
        }
    }
}

impl Effort {
    /// What the libraries of the build in the folder `work` took; nothing where there is none.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn of(work: &Path) -> Result<Self> {
        let build = work.join("build");
        let scale = Runs::of(&build)?.scale();
        Ok(Self::sum(&edges_in(&build)?, scale))
    }

    fn sum(edges: &[Edge], scale: f64) -> Self {
        // Of a command that ran again, the last time counts.
        let last: BTreeMap<_, _> = edges.iter().map(|edge| (&edge.output, edge)).collect();
        let mut seconds = BTreeMap::new();
        for (output, edge) in last {
            if let Some(library) = library_of(output) {
                *seconds.entry(library).or_default() += edge.seconds() * scale;
            }
        }
        Self { seconds }
    }

    /// All libraries together.
    pub fn total(&self) -> f64 {
        self.seconds.values().sum()
    }
}

/// The library that a file of the build folder is made for, by the name to link by.
fn library_of(output: &str) -> Option<String> {
    // cmake has ninja list each generated file by its full path as well.
    if output.starts_with('/') {
        return None;
    }
    let target = |rest: &str| {
        let (target, _) = rest.split_once(".dir/")?;
        Some(link_name(target).to_owned())
    };
    if let Some((_, rest)) = output.split_once("CMakeFiles/") {
        return target(rest);
    }
    if let Some(file) = output.strip_suffix(".a") {
        let file = file.rsplit('/').next().unwrap_or(file);
        return Some(link_name(link_name(file)).to_owned());
    }
    let (module, _) = output.strip_prefix("modules/")?.split_once('/')?;
    Some(format!("opencv_{module}"))
}

/// The commands in the log of the folder `build`; none where there is no log.
fn edges_in(build: &Path) -> Result<Vec<Edge>> {
    let path = build.join(".ninja_log");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    edges(&text).with_context(|| format!("failed to read `{}`", path.display()))
}

/// The commands in a log: lines of start, end, time of the output, output and the command's hash.
fn edges(text: &str) -> Result<Vec<Edge>> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    anyhow::ensure!(
        first.starts_with("# ninja log v"),
        "it does not begin as ninja's logs do"
    );
    let edge = |line: &str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let edge = Edge {
            times: (field().parse().ok()?, field().parse().ok()?),
            written: field().to_owned(),
            output: field().to_owned(),
        };
        (!edge.output.is_empty()).then_some(edge)
    };
    lines
        .map(|line| edge(line).with_context(|| format!("`{line}` is no line of a log of ninja's")))
        .collect()
}

/// The processor time of all processes that this one has waited for, with those that they waited for.
fn processor_seconds() -> Result<f64> {
    let path = "/proc/self/stat";
    let text = fs::read_to_string(path).with_context(|| format!("failed to read `{path}`"))?;
    children_seconds(&text)
        .with_context(|| format!("failed to read `{path}`: it has too few fields"))
}

/// Fields 16 and 17 of what proc(5) describes, user and system time of children, in hundredths.
fn children_seconds(stat: &str) -> Option<f64> {
    // The second field is the program's name in brackets, which can hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let hundredths = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((hundredths(16)? + hundredths(17)?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "# ninja log v7\n\
        8\t19\t1\thelp\ta2\n\
        100\t1100\t2\t3rdparty/zlib/CMakeFiles/zlib.dir/crc32.c.o\tb1\n\
        0\t4000\t3\tmodules/core/CMakeFiles/opencv_core.dir/a.cpp.o\tc1\n\
        0\t500\t4\tmodules/core/opencl_kernels_core.cpp\td1\n\
        0\t500\t4\t/w/build/modules/core/opencl_kernels_core.cpp\td1\n\
        0\t250\t5\t3rdparty/lib/liblibpng.a\te1\n\
        0\t250\t6\tlib/libopencv_core.a\tf1\n\
        0\t7000\t7\tCMakeFiles/install.util\tg1\n\
        0\t2000\t8\tmodules/core/CMakeFiles/opencv_core.dir/a.cpp.o\tc1\n";

    #[test]
    fn each_library_has_the_time_of_its_own_files_and_the_last_of_each() {
        let effort = Effort::sum(&edges(LOG).unwrap(), 1.0);
        let expected = [("opencv_core", 2.75), ("png", 0.25), ("zlib", 1.0)];
        let expected = expected.map(|(name, seconds)| (name.to_owned(), seconds));
        assert_eq!(effort.seconds, BTreeMap::from(expected));
        assert!((effort.total() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_log_is_refused() {
        assert!(edges("").is_err());
        let error = edges("# ninja log v7\n1\t2\n").unwrap_err().to_string();
        assert!(error.contains("is no line of a log"), "{error}");
    }

    #[test]
    fn the_log_is_scaled_by_the_processor_time_of_complete_runs() {
        let work = tempfile::tempdir().unwrap();
        let build = work.path().join("build");
        fs::create_dir(&build).unwrap();
        let run = Run::start(&build).unwrap();
        // Twice what the compilers had of the processors: another program ran as well.
        let run = Run {
            processor: run.processor - 4.0,
            ..run
        };
        let log = "# ninja log v7\n0\t8000\t2\tlib/libopencv_core.a\tb1\n";
        fs::write(build.join(".ninja_log"), log).unwrap();
        run.end().unwrap();
        let seconds = Effort::of(work.path()).unwrap().total();
        // Tests beside this one start processes too.
        assert!((3.99..7.0).contains(&seconds), "{seconds}");

        // A run in which nothing is compiled says nothing.
        Run::start(&build).unwrap().end().unwrap();
        assert_eq!(Effort::of(work.path()).unwrap().total(), seconds);
    }

    #[test]
    fn the_time_of_children_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 9 9 0 0 11 12 250 50 20 0 1 0";
        assert_eq!(children_seconds(stat), Some(3.0));
        assert_eq!(children_seconds("7 (a) S 1"), None);
    }
}
