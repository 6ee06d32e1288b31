//! Compile times of each library, from ninja's build log. These are wall-clock times, summed over the compiler calls;
//! load on the machine makes them longer.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, WithKind};
use crate::link_list::link_name;

/// The first line of a log, up to the version. Versions 5 to 7 have the same fields.
const HEADER: &str = "# ninja log v";
const VERSIONS: [&str; 3] = ["5", "6", "7"];

/// Compile time per library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompileTime {
    /// Seconds by link name: `opencv_core`, `png`.
    pub seconds: BTreeMap<String, f64>,
}

impl CompileTime {
    /// Reads the log of the build in the folder `work`; empty if there is no log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn read(work: &Path) -> Result<Self, Error> {
        let path = work.join("build/.ninja_log");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).map_err(anyhow::Error::from);
        let compile_time = text.and_then(|text| Self::parse(&text));
        let failed = || format!("failed to read `{}`", path.display());
        compile_time.with_context(failed).with_kind(ErrorKind::Step)
    }

    fn parse(log: &str) -> Result<Self> {
        let mut lines = log.lines();
        let version = lines.next().and_then(|line| line.strip_prefix(HEADER));
        ensure!(
            version.is_some_and(|version| VERSIONS.contains(&version)),
            "not a ninja log of a supported version"
        );
        // ninja appends: the last line of an output belongs to the current file.
        let mut outputs = BTreeMap::new();
        for line in lines {
            let (output, command, seconds) =
                parse_log_line(line).with_context(|| format!("failed to parse the line `{line}`"))?;
            outputs.insert(output, (command, seconds));
        }
        // A call with several outputs has a line for each.
        let outputs = outputs.into_iter();
        let calls: BTreeMap<_, _> = outputs
            .map(|(output, (command, seconds))| (command, (output, seconds)))
            .collect();
        let mut compile_time = Self::default();
        for (output, seconds) in calls.into_values() {
            if let Some(library) = library_of(output) {
                *compile_time.seconds.entry(library).or_default() += seconds;
            }
        }
        Ok(compile_time)
    }
}

/// Output, digest of its command, and duration in seconds of a line in the log. Its fields are start and end in
/// milliseconds, the output's modification time, the output, and the digest of the command.
fn parse_log_line(line: &str) -> Option<(&str, &str, f64)> {
    let fields: Vec<_> = line.split('\t').collect();
    let [start, end, _, output, command] = fields[..] else {
        return None;
    };
    let milliseconds = end.parse::<u32>().ok()?.checked_sub(start.parse().ok()?)?;
    Some((output, command, f64::from(milliseconds) / 1000.0))
}

/// The link name of the library that an object file in the build folder belongs to.
fn library_of(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("CMakeFiles/")?;
    let (target, _) = rest.split_once(".dir/")?;
    Some(link_name(target).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "# ninja log v7\n\
        1000\t2500\t17\tmodules/core/CMakeFiles/opencv_core.dir/a.cpp.o\taa\n\
        0\t250\t17\tmodules/core/CMakeFiles/opencv_core.dir/b.cpp.o\tbb\n\
        0\t250\t17\tmodules/core/CMakeFiles/opencv_core.dir/b.cpp.d\tbb\n\
        0\t500\t17\t3rdparty/libpng/CMakeFiles/libpng.dir/p.c.o\tcc\n\
        0\t9000\t17\tlib/libopencv_core.a\tdd\n";

    fn seconds(log: &str) -> Vec<(String, f64)> {
        CompileTime::parse(log).unwrap().seconds.into_iter().collect()
    }

    #[test]
    fn compile_time_is_summed_per_library() {
        let expected = [("opencv_core".to_owned(), 1.75), ("png".to_owned(), 0.5)];
        assert_eq!(seconds(LOG), expected);
    }

    #[test]
    fn last_log_entry_of_an_output_wins() {
        let again = "0\t3000\t18\tmodules/core/CMakeFiles/opencv_core.dir/a.cpp.o\tee\n";
        let expected = ("opencv_core".to_owned(), 3.25);
        assert_eq!(seconds(&format!("{LOG}{again}"))[0], expected);
    }

    #[test]
    fn unknown_log_format_is_an_error_and_missing_log_is_empty() {
        let work = tempfile::tempdir().unwrap();
        assert_eq!(CompileTime::read(work.path()).unwrap(), CompileTime::default());
        fs::create_dir(work.path().join("build")).unwrap();
        for (log, expected) in [
            ("", "not a ninja log"),
            ("# ninja log v4\n", "not a ninja log"),
            ("# ninja log v7\n1\t2\n", "the line `1\t2`"),
            ("# ninja log v7\n2\t1\t0\ta\tb\n", "the line `2"),
        ] {
            fs::write(work.path().join("build/.ninja_log"), log).unwrap();
            let error = format!("{:#}", CompileTime::read(work.path()).unwrap_err());
            assert!(error.contains(".ninja_log") && error.contains(expected), "{error}");
        }
    }
}
