//! Stores the last report of each architecture in the target folder, to compare the next one with it. `last.json` is
//! the last report, and `previous.json` the last that differed from it, so that measuring the same build again still
//! compares with the previous build.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde::Serialize;
use support::progress::print_status;

use super::report::{self, PreviousReport, Report, SCHEMA};
use support::atomic;

const LAST_FILE: &str = "last.json";
const PREVIOUS_FILE: &str = "previous.json";

#[derive(Serialize)]
struct StoredReport<'a> {
    schema: u32,
    report: &'a Report,
}

/// The last report in `folder` whose artefacts differ from those of `report`. A file that cannot be read is reported
/// and skipped.
pub fn load_previous(folder: &Path, report: &Report) -> Option<PreviousReport> {
    let mut stored = [LAST_FILE, PREVIOUS_FILE].into_iter().filter_map(|name| {
        read(&folder.join(name)).unwrap_or_else(|error| {
            let ignored = "ignoring an earlier report";
            print_status(&format!("{ignored}: {error:#}"));
            None
        })
    });
    let report = stored.find(|stored| stored.artefacts != report.artefacts)?;
    let label = "the last report".to_owned();
    Some(PreviousReport { label, report })
}

pub fn save(folder: &Path, report: &Report) -> Result<()> {
    let path = folder.join(LAST_FILE);
    let schema = SCHEMA;
    let text = serde_json::to_vec(&StoredReport { schema, report })?;
    if fs::read(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    // `load_previous` reports a file that cannot be read.
    let last = read(&path).ok().flatten();
    if last.is_some_and(|last| last.artefacts != report.artefacts) {
        fs::rename(&path, folder.join(PREVIOUS_FILE))?;
    }
    atomic::write(&path, &text)
}

fn read(path: &Path) -> Result<Option<Report>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let report = report::parse_report(&text);
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
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn previous_report_is_the_last_different_one() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("x86_64");
        let (one, two) = (sample::report_before(), sample::report_after());
        let load_and_save = |report: &Report| {
            let last = load_previous(&folder, report);
            save(&folder, report).unwrap();
            last.map(|previous| previous.report)
        };
        assert_eq!(load_and_save(&one), None);
        assert_eq!(load_and_save(&one), None);
        assert_eq!(load_previous(&folder, &two).unwrap().label, "the last report");
        assert_eq!(load_and_save(&two), Some(one.clone()));
        assert_eq!(load_and_save(&two), Some(one.clone()));
        let again = Report {
            revision: Some("other".into()),
            ..two.clone()
        };
        assert_eq!(load_and_save(&again), Some(one.clone()));
        assert_eq!(load_and_save(&two), Some(one.clone()));
        assert_eq!(load_and_save(&again), Some(one.clone()));
        assert_eq!(load_and_save(&one), Some(again));
        assert_eq!(load_and_save(&two), Some(one));
        assert_eq!(names(&folder), ["last.json", "previous.json"]);
    }

    #[test]
    fn unreadable_reports_are_ignored_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (at, report) = (folder.path(), sample::report_after());
        let file = at.join("last.json");
        for text in [
            "",
            "{\"schema\":1,\"rep",
            "{\"schema\":1,\"report\":5}",
            "{\"schema\":99,\"report\":{}}",
        ] {
            fs::write(&file, text).unwrap();
            assert!(read(&file).is_err(), "{text}");
            assert!(load_previous(at, &report).is_none(), "{text}");
            save(at, &report).unwrap();
            assert_eq!(read(&file).unwrap().unwrap(), report, "{text}");
        }
        assert_eq!(names(at), ["last.json"]);
    }

    #[test]
    fn other_schema_is_reported_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("last.json");
        let report = serde_json::to_string(&sample::report_after()).unwrap();
        for report in ["{\"new\":1}", &report] {
            fs::write(&file, format!("{{\"schema\":99,\"report\":{report}}}")).unwrap();
            let error = format!("{:#}", read(&file).unwrap_err());
            let expected = "json`: it has schema 99, and this program reads 1 to 2";
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn save_error_names_the_folder() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        let error = save(&file.join("x86_64"), &sample::report_after());
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("failed to write `"), "{error}");
    }
}
