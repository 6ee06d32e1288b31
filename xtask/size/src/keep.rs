//! The last report of each architecture, kept below the target folder so that the next one can be compared with
//! it. `last.json` is the last report, `before.json` the last that differed from it, so that the same build
//! measured twice is still compared with the one before.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde::Serialize;
use support::progress::tell;

use super::report::{self, Before, Report, SCHEMA};
use support::atomic;

const LAST: &str = "last.json";
const BEFORE: &str = "before.json";

#[derive(Serialize)]
struct Kept<'a> {
    schema: u32,
    report: &'a Report,
}

/// The last report in `folder` with other artefacts than `report`. A file that cannot be used is told of and
/// passed over.
pub fn last(folder: &Path, report: &Report) -> Option<Before> {
    let mut kept = [LAST, BEFORE].into_iter().filter_map(|name| {
        read(&folder.join(name)).unwrap_or_else(|error| {
            let cannot = "an earlier report cannot be compared with";
            tell(&format!("{cannot}: {error:#}"));
            None
        })
    });
    let report = kept.find(|kept| kept.artefacts != report.artefacts)?;
    let label = "the last report".to_owned();
    Some(Before { label, report })
}

pub fn keep(folder: &Path, report: &Report) -> Result<()> {
    let path = folder.join(LAST);
    let schema = SCHEMA;
    let text = serde_json::to_vec(&Kept { schema, report })?;
    if fs::read(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    // One that cannot be read is told of by what compares.
    let last = read(&path).ok().flatten();
    if last.is_some_and(|last| last.artefacts != report.artefacts) {
        fs::rename(&path, folder.join(BEFORE))?;
    }
    atomic::write(&path, &text)
}

fn read(path: &Path) -> Result<Option<Report>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let report = report::parse(&text);
    let report = report.with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(Some(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sample;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_next_report_is_compared_with_the_last_that_differs() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("x86_64");
        let (one, two) = (sample::before(), sample::after());
        let exchanged = |report: &Report| {
            let last = last(&folder, report);
            keep(&folder, report).unwrap();
            last.map(|before| before.report)
        };
        assert_eq!(exchanged(&one), None);
        assert_eq!(exchanged(&one), None);
        assert_eq!(last(&folder, &two).unwrap().label, "the last report");
        assert_eq!(exchanged(&two), Some(one.clone()));
        assert_eq!(exchanged(&two), Some(one.clone()));
        let again = Report {
            revision: Some("other".into()),
            ..two.clone()
        };
        assert_eq!(exchanged(&again), Some(one.clone()));
        assert_eq!(exchanged(&two), Some(one.clone()));
        assert_eq!(exchanged(&again), Some(one.clone()));
        assert_eq!(exchanged(&one), Some(again));
        assert_eq!(exchanged(&two), Some(one));
        assert_eq!(names(&folder), ["before.json", "last.json"]);
    }

    #[test]
    fn what_is_damaged_or_of_another_version_is_passed_over_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (at, report) = (folder.path(), sample::after());
        let file = at.join("last.json");
        for text in [
            "",
            "{\"schema\":1,\"rep",
            "{\"schema\":1,\"report\":5}",
            "{\"schema\":99,\"report\":{}}",
        ] {
            fs::write(&file, text).unwrap();
            assert!(read(&file).is_err(), "{text}");
            assert!(last(at, &report).is_none(), "{text}");
            keep(at, &report).unwrap();
            assert_eq!(read(&file).unwrap().unwrap(), report, "{text}");
        }
        assert_eq!(names(at), ["last.json"]);
    }

    #[test]
    fn another_version_is_called_that_and_not_damage() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("last.json");
        let report = serde_json::to_string(&sample::after()).unwrap();
        for report in ["{\"new\":1}", &report] {
            fs::write(&file, format!("{{\"schema\":99,\"report\":{report}}}")).unwrap();
            let error = format!("{:#}", read(&file).unwrap_err());
            let expected = "json`: it has schema 99, and this program reads 1";
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        let error = keep(&file.join("x86_64"), &sample::after());
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("failed to write `"), "{error}");
    }
}
