//! Records, and what earlier reports are read from.

use std::path::PathBuf;

use tempfile::TempDir;

use super::super::change::grown;
use super::*;
use crate::tests::checkout::{commit, git};
use crate::tests::sample::{after, before, document};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn empty() -> History {
    History {
        schema: SCHEMA,
        about: "a test's".into(),
        milestones: Vec::new(),
        report: None,
    }
}

/// A project with a history of nothing, then one of `before()`, then a file that is none.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    commit(at, "file", "older");
    git(at, &["tag", "older"]);
    commit(at, FILE, &empty().text().unwrap());
    git(at, &["tag", "empty"]);
    record(at, "the first", &before()).unwrap();
    let text = fs::read_to_string(at.join(FILE)).unwrap();
    fs::remove_file(at.join(FILE)).unwrap();
    commit(at, FILE, &text);
    git(at, &["tag", "full"]);
    commit(at, FILE, "{\"schema\": 1}");
    folder
}

#[test]
fn a_revision_from_before_the_file_was_moved_has_its_report() {
    let folder = project();
    let at = folder.path();
    git(at, &["checkout", "--quiet", "full"]);
    let text = fs::read_to_string(at.join(FILE)).unwrap();
    git(at, &["rm", "--quiet", FILE]);
    commit(at, EARLIER, &text);
    assert_eq!(
        against(at, "HEAD", Architecture::X86_64).unwrap().report,
        compact(&before())
    );
}

fn error_of(root: &Path, name: &str) -> String {
    format!(
        "{:#}",
        against(root, name, Architecture::X86_64).unwrap_err()
    )
}

#[test]
fn the_projects_own_history_goes_down_to_what_there_is() {
    let history = History::read(&root()).unwrap();
    let (first, last) = (&history.milestones[0], history.milestones.last().unwrap());
    assert_eq!((first.unpacked, first.packed), (13_310_000, 5_290_000));
    assert!(
        last.unpacked < 6_800_000 && last.packed < 3_200_000,
        "{last:?}"
    );
    let smaller = history
        .milestones
        .windows(2)
        .filter(|pair| pair[1].unpacked < pair[0].unpacked);
    assert!(smaller.count() >= 3);
    let report = history.report.as_ref().unwrap();
    report
        .artefacts
        .iter()
        .try_for_each(crate::part::Part::check)
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
    // As `record` would write it, so that a record changes nothing else.
    assert_eq!(
        history.text().unwrap(),
        fs::read_to_string(root().join(FILE)).unwrap()
    );
    assert_eq!(history.clone().of(Architecture::X86_64), history.milestones);
    assert_eq!(history.of(Architecture::Aarch64), []);
}

#[test]
fn a_record_adds_a_milestone_and_keeps_components() {
    let folder = project();
    let at = folder.path();
    fs::write(at.join(FILE), empty().text().unwrap()).unwrap();
    record(at, "one", &before()).unwrap();
    record(at, " two ", &after()).unwrap();
    let history = History::read(at).unwrap();
    let milestones: Vec<_> = history
        .milestones
        .iter()
        .map(|milestone| {
            (
                milestone.what.as_str(),
                milestone.unpacked,
                milestone.packed,
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
        .try_for_each(crate::part::Part::check)
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
        (image.bytes, image.packed, image.parts.len()),
        (7_210_000, Some(3_350_000), 0)
    );
}

#[test]
fn what_cannot_be_recorded_changes_nothing() {
    let folder = project();
    let at = folder.path();
    fs::write(at.join(FILE), empty().text().unwrap()).unwrap();
    let arm = Report {
        architecture: Architecture::Aarch64,
        ..after()
    };
    let mut unpacked = after();
    unpacked.artefacts[0].packed = None;
    for (what, report, expected) in [
        (" ", after(), "say what was done"),
        ("x", arm, "this report is of aarch64"),
        ("x", unpacked, "no packed size of `bootstrap`"),
    ] {
        let error = format!("{:#}", record(at, what, &report).unwrap_err());
        assert!(error.contains(expected), "{error}");
        assert_eq!(History::read(at).unwrap(), empty());
    }
}

#[test]
fn a_revision_gives_its_last_record() {
    let folder = project();
    let found = against(folder.path(), "full", Architecture::X86_64).unwrap();
    assert_eq!(
        (found.label.as_str(), found.report),
        ("full", compact(&before()))
    );
    let found = against(folder.path(), "HEAD~1", Architecture::X86_64).unwrap();
    let grown = grown(&found.report, &after(), "bootstrap", 1);
    assert_eq!(grown[0].name(), "OpenCV/imgproc");
}

#[test]
fn a_revision_that_cannot_serve_says_why_and_what_to_do() {
    let folder = project();
    let at = folder.path();
    for (name, expected) in [
        ("nowhere", "git knows none of that name"),
        ("--all", "git knows none of that name"),
        ("HEAD:file", "git knows none of that name"),
        ("", "git knows none of that name"),
        ("older", "it has no `xtask/size/data/history.json`"),
        (
            "empty",
            "nothing was recorded in it with `cargo xtask size --record`",
        ),
        ("HEAD", "its `xtask/size/data/history.json` cannot be used"),
    ] {
        let error = error_of(at, name);
        let begin = format!("failed to read the sizes of the revision `{name}`: ");
        assert!(error.starts_with(&begin), "{error}");
        assert!(error.contains(expected), "{name}: {error}");
        assert!(
            error.contains("`cargo xtask size --json` printed"),
            "{error}"
        );
    }
    let error = format!(
        "{:#}",
        against(at, "full", Architecture::Aarch64).unwrap_err()
    );
    assert!(
        error.contains("are of x86_64, and these are of aarch64"),
        "{error}"
    );
    let none = tempfile::tempdir().unwrap();
    let error = error_of(none.path(), "HEAD");
    assert!(error.contains("the project is no git checkout"), "{error}");
}

#[test]
fn a_printed_document_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sizes.json");
    let name = file.to_str().unwrap();
    fs::write(&file, serde_json::to_string(&document()).unwrap()).unwrap();
    let found = against(folder.path(), name, Architecture::X86_64).unwrap();
    assert_eq!((found.label.as_str(), found.report), (name, after()));
    for (text, expected) in [
        (
            "{\"schema\": 99}",
            "it has schema 99, and this program reads 1",
        ),
        (
            "{\"schema\": 1}",
            "nothing that this version's `cargo xtask size --json` printed; print it again: missing field",
        ),
        (
            "<html>",
            "nothing that this version's `cargo xtask size --json` printed; print it again: expected value",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let error = error_of(folder.path(), name);
        assert!(
            error.starts_with("failed to read the sizes in `"),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
}
