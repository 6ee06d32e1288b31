//! Tests of recording milestones and loading previous reports.

use std::path::PathBuf;

use tempfile::TempDir;

use super::super::diff::largest_increases;
use super::*;
use crate::tests::checkout::{commit, git};
use crate::tests::sample::{document, report_after, report_before};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn empty() -> History {
    History {
        schema: SCHEMA,
        description: "a test".into(),
        milestones: Vec::new(),
        report: None,
    }
}

/// A project with revisions `older` without a history, `empty`, `full` with `report_before()`, and an invalid last one.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    commit(at, "file", "older");
    git(at, &["tag", "older"]);
    commit(at, FILE, &empty().to_json().unwrap());
    git(at, &["tag", "empty"]);
    record(&HistoryFile::of_project(at), "the first", &report_before()).unwrap();
    let text = fs::read_to_string(at.join(FILE)).unwrap();
    fs::remove_file(at.join(FILE)).unwrap();
    commit(at, FILE, &text);
    git(at, &["tag", "full"]);
    commit(at, FILE, "{\"schema\": 1}");
    folder
}

#[test]
fn revision_with_legacy_path_is_read() {
    let folder = project();
    let at = folder.path();
    git(at, &["checkout", "--quiet", "full"]);
    let text = fs::read_to_string(at.join(FILE)).unwrap();
    git(at, &["rm", "--quiet", FILE]);
    commit(at, LEGACY_FILE, &text);
    assert_eq!(
        load_previous(&HistoryFile::of_project(at), "HEAD", Architecture::X86_64)
            .unwrap()
            .report,
        compact(&report_before())
    );
}

fn error_of(root: &Path, name: &str) -> String {
    format!(
        "{:#}",
        load_previous(&HistoryFile::of_project(root), name, Architecture::X86_64).unwrap_err()
    )
}

#[test]
fn project_history_is_valid_and_shrinks() {
    let history = History::read(&HistoryFile::of_project(&root())).unwrap();
    let (first, last) = (&history.milestones[0], history.milestones.last().unwrap());
    assert_eq!(
        (first.uncompressed_bytes, first.compressed_bytes),
        (13_310_000, 5_290_000)
    );
    assert!(
        last.uncompressed_bytes < 6_800_000 && last.compressed_bytes < 3_200_000,
        "{last:?}"
    );
    let smaller = history
        .milestones
        .windows(2)
        .filter(|pair| pair[1].uncompressed_bytes < pair[0].uncompressed_bytes);
    assert!(smaller.count() >= 3);
    let report = history.report.as_ref().unwrap();
    report
        .artefacts
        .iter()
        .try_for_each(crate::part::Part::check_sums)
        .unwrap();
    assert!(
        report
            .artefact("bootstrap")
            .unwrap()
            .get("OpenCV")
            .unwrap()
            .get("core")
            .is_some()
    );
    // The format is that of `record`, so that a record only changes what is new.
    assert_eq!(
        history.to_json().unwrap(),
        fs::read_to_string(root().join(FILE)).unwrap()
    );
    assert_eq!(history.clone().milestones_for(Architecture::X86_64), history.milestones);
    assert_eq!(history.milestones_for(Architecture::Aarch64), []);
}

#[test]
fn record_adds_milestone_and_component_report() {
    let folder = project();
    let at = folder.path();
    fs::write(at.join(FILE), empty().to_json().unwrap()).unwrap();
    record(&HistoryFile::of_project(at), "one", &report_before()).unwrap();
    record(&HistoryFile::of_project(at), " two ", &report_after()).unwrap();
    let history = History::read(&HistoryFile::of_project(at)).unwrap();
    let milestones: Vec<_> = history
        .milestones
        .iter()
        .map(|milestone| {
            (
                milestone.description.as_str(),
                milestone.uncompressed_bytes,
                milestone.compressed_bytes,
            )
        })
        .collect();
    assert_eq!(
        milestones,
        [("one", 6_600_000, 3_300_000), ("two", 7_000_000, 3_300_000)]
    );
    let report = history.report.unwrap();
    report
        .artefacts
        .iter()
        .try_for_each(crate::part::Part::check_sums)
        .unwrap();
    let imgproc = report
        .artefact("bootstrap")
        .unwrap()
        .get("OpenCV")
        .unwrap()
        .get("imgproc");
    let imgproc = imgproc.unwrap();
    assert_eq!((imgproc.bytes, imgproc.parts.len()), (700_000, 0));
    let image = report.artefact("image face-detect").unwrap();
    assert_eq!(
        (image.bytes, image.compressed_bytes, image.parts.len()),
        (7_210_000, Some(3_350_000), 0)
    );
}

#[test]
fn failed_record_leaves_history_unchanged() {
    let folder = project();
    let at = folder.path();
    fs::write(at.join(FILE), empty().to_json().unwrap()).unwrap();
    let arm = Report {
        architecture: Architecture::Aarch64,
        ..report_after()
    };
    let mut without_compressed_size = report_after();
    without_compressed_size.artefacts[0].compressed_bytes = None;
    for (what, report, expected) in [
        (" ", report_after(), "describe what was done"),
        ("x", arm, "this report is for aarch64"),
        ("x", without_compressed_size, "no compressed size of `bootstrap`"),
    ] {
        let error = format!("{:#}", record(&HistoryFile::of_project(at), what, &report).unwrap_err());
        assert!(error.contains(expected), "{error}");
        assert_eq!(History::read(&HistoryFile::of_project(at)).unwrap(), empty());
    }
}

#[test]
fn revision_loads_its_last_recorded_report() {
    let folder = project();
    let found = load_previous(&HistoryFile::of_project(folder.path()), "full", Architecture::X86_64).unwrap();
    assert_eq!(
        (found.label.as_str(), found.report),
        ("full", compact(&report_before()))
    );
    let found = load_previous(&HistoryFile::of_project(folder.path()), "HEAD~1", Architecture::X86_64).unwrap();
    let increases = largest_increases(&found.report, &report_after(), "bootstrap", 1);
    assert_eq!(increases[0].name(), "OpenCV/imgproc");
}

#[test]
fn unusable_revision_error_explains_the_cause() {
    let folder = project();
    let at = folder.path();
    for (name, expected) in [
        ("nowhere", "no such git revision"),
        ("--all", "no such git revision"),
        ("HEAD:file", "no such git revision"),
        ("", "no such git revision"),
        ("older", "it is older than `xtask/size/data/history.json`"),
        ("empty", "it has no sizes recorded with `cargo xtask size --record`"),
        ("HEAD", "its `xtask/size/data/history.json` cannot be used"),
    ] {
        let error = error_of(at, name);
        let begin = format!("failed to read the sizes of the revision `{name}`: ");
        assert!(error.starts_with(&begin), "{error}");
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.contains("`cargo xtask size --json` printed"), "{error}");
    }
    let error = format!(
        "{:#}",
        load_previous(&HistoryFile::of_project(at), "full", Architecture::Aarch64).unwrap_err()
    );
    assert!(error.contains("are for x86_64, and these are for aarch64"), "{error}");
    let none = tempfile::tempdir().unwrap();
    let error = error_of(none.path(), "HEAD");
    assert!(error.contains("the project is not a git checkout"), "{error}");
}

#[test]
fn printed_document_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sizes.json");
    let name = file.to_str().unwrap();
    fs::write(&file, serde_json::to_string(&document()).unwrap()).unwrap();
    let found = load_previous(&HistoryFile::of_project(folder.path()), name, Architecture::X86_64).unwrap();
    assert_eq!((found.label.as_str(), found.report), (name, report_after()));
    for (text, expected) in [
        ("{\"schema\": 99}", "it has schema 99, and this program reads 1 to 2"),
        (
            "{\"schema\": 1}",
            "not printed by this version's `cargo xtask size --json`; print it again: missing field",
        ),
        (
            "<html>",
            "not printed by this version's `cargo xtask size --json`; print it again: expected value",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let error = error_of(folder.path(), name);
        assert!(error.starts_with("failed to read the sizes in `"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_history_begins_with_its_first_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = HistoryFile {
        root: folder.path().to_owned(),
        file: PACKAGE_FILE.to_owned(),
    };
    assert_eq!(History::read(&file).unwrap(), History::new());
    record(&file, "one", &report_before()).unwrap();
    let history = History::read(&file).unwrap();
    assert_eq!(history.milestones[0].description, "one");
    commit(folder.path(), "other", "text");
    git(folder.path(), &["add", PACKAGE_FILE]);
    git(folder.path(), &["commit", "--quiet", "--message", "record"]);
    let found = load_previous(&file, "HEAD", Architecture::X86_64).unwrap();
    assert_eq!(found.report, compact(&report_before()));
    let error = load_previous(&file, "HEAD~1", Architecture::X86_64).unwrap_err();
    assert!(
        format!("{error:#}").contains("it is older than `size-history.json`"),
        "{error:#}"
    );
}

#[test]
fn schema_1_is_read() {
    let report = r#"{"architecture":"x86_64","revision":null,"artefacts":[
        {"name":"bootstrap","bytes":3,"kind":"file","linked":1,"packed":2}]}"#;
    let milestones = r#"[{"what":"one","unpacked":3,"packed":2}]"#;
    let text = format!(r#"{{"schema":1,"about":"a","milestones":{milestones},"report":{report}}}"#);
    let history = History::parse(&text).unwrap();
    assert_eq!((history.schema, history.description.as_str()), (SCHEMA, "a"));
    let milestone = &history.milestones[0];
    assert_eq!(
        (
            milestone.description.as_str(),
            milestone.uncompressed_bytes,
            milestone.compressed_bytes
        ),
        ("one", 3, 2)
    );
    let report = report::parse_report(text.as_bytes()).unwrap();
    let bootstrap = &report.artefacts[0];
    assert_eq!((bootstrap.linked_bytes, bootstrap.compressed_bytes), (Some(1), Some(2)));
    assert_eq!(history.report, Some(report));
}
