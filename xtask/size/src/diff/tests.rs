//! Tests of the changes between two small reports.

use super::*;
use crate::tests::sample::{self, code, report};

fn path(names: &str) -> PartPath {
    names.split(" > ").map(str::to_owned).collect()
}

fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let shown = |bytes: Option<u64>| bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        format!(
            "{} {} {}",
            change.path.join(" > "),
            shown(change.before),
            shown(change.after)
        )
    };
    changes.iter().map(line).collect()
}

#[test]
fn changes_lists_changed_added_and_removed_parts() {
    let (before, after) = (sample::report_before(), sample::report_after());
    let lines = lines(&changes(&before, &after));
    for line in [
        "bootstrap 6600000 7000000",
        "bootstrap > OpenCV 1000000 1300000",
        "bootstrap > OpenCV > imgproc > resize.cpp 300000 600000",
        "bootstrap > Rust crates > tokio - 150000",
        "bootstrap > Rust crates > tokio > task - 150000",
        "bootstrap > Rust crates > h2 50000 -",
        "zip face-detect > bootstrap 6600000 7000000",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.contains("core")), "{lines:#?}");
    assert_eq!(changes(&after, &after), []);
}

#[test]
fn changed_parts_lists_deepest_changes_only() {
    let changed = changed_parts(&sample::report_before(), &sample::report_after());
    let expected = [
        "bootstrap > OpenCV > imgproc > resize.cpp 300000 600000",
        "static libraries > libopencv_imgproc.a > resize.cpp.o 8600000 8800000",
        "bootstrap > Rust crates > tokio > task - 150000",
        "bootstrap > Rust crates > h2 50000 -",
        "image face-detect > the function > usr/share/licenses 200000 210000",
    ];
    assert_eq!(lines(&changed), expected);
    let totals = sample::totals_only(sample::report_before());
    let changed = lines(&changed_parts(&totals, &sample::report_after()));
    let image = "image face-detect 6800000 7210000".to_owned();
    assert!(changed.contains(&image), "{changed:#?}");
}

#[test]
fn totals_without_parts_add_no_new_parts() {
    let total = report(vec![code("bootstrap", 5)]);
    let full = sample::report_after();
    let changed = changes(&total, &full);
    let below = |change: &Change| change.path.len() > 1 && change.path[0] == "bootstrap";
    assert!(!changed.iter().any(below), "{changed:#?}");
    assert_eq!(largest_increases(&total, &full, "bootstrap", 5), []);
}

#[test]
fn largest_increases_are_sorted_by_difference() {
    let changed = largest_increases(&sample::report_before(), &sample::report_after(), "bootstrap", 5);
    let names: Vec<_> = changed.iter().map(Change::name).collect();
    assert_eq!(names, ["OpenCV/imgproc", "Rust crates/tokio"]);
    assert_eq!(changed[1].before, None);
    assert_eq!(changed[0].difference(), 300_000);
    assert_eq!(
        largest_increases(&sample::report_before(), &sample::report_after(), "bootstrap", 1).len(),
        1
    );
}

#[test]
fn archives_grow_by_bootstrap_components() {
    for artefact in ["zip face-detect", "image face-detect"] {
        let changed = largest_increases(&sample::report_before(), &sample::report_after(), artefact, 2);
        assert_eq!(changed[0].path, path("bootstrap > OpenCV > imgproc"), "{artefact}");
    }
    let image = changed_components(&sample::report_before(), &sample::report_after(), "image face-detect");
    let licences = "image face-detect > the function > usr/share/licenses 200000 210000";
    assert!(lines(&image).contains(&licences.to_owned()), "{image:#?}");
}

#[test]
fn artefact_with_total_only_changes_by_bootstrap_components() {
    let before = sample::totals_only(sample::report_before());
    let changed = changed_components(&before, &sample::report_after(), "image face-detect");
    let first = "bootstrap > OpenCV > imgproc 400000 700000";
    assert_eq!(lines(&changed)[0], first);
    let back = changed_components(&sample::report_after(), &before, "image face-detect");
    let first = "bootstrap > OpenCV > imgproc 700000 400000";
    assert_eq!(lines(&back)[0], first);
    assert_eq!(back.len(), changed.len());
    let libraries = changed_components(&sample::report_after(), &before, "static libraries");
    assert_eq!(libraries, []);
    assert!(
        changed.iter().all(|change| change.path[0] == "bootstrap"),
        "{changed:#?}"
    );
}

#[test]
fn component_in_several_artefacts_is_listed_once() {
    let changed = all_changed_components(&sample::report_before(), &sample::report_after());
    let lines = lines(&changed);
    let expected = [
        "bootstrap > OpenCV > imgproc 400000 700000",
        "static libraries > libopencv_imgproc.a 8600000 8800000",
        "bootstrap > Rust crates > tokio - 150000",
        "bootstrap > Rust crates > h2 50000 -",
        "image face-detect > the function > usr/share/licenses 200000 210000",
    ];
    assert_eq!(lines, expected);
}
