//! What is said to have changed between two small reports.

use super::*;
use crate::tests::sample::{self, code, report};

fn path(names: &str) -> Path {
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
fn each_part_has_its_bytes_before_and_after_or_is_new_or_gone() {
    let (before, after) = (sample::before(), sample::after());
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
    assert!(
        !lines.iter().any(|line| line.contains("core")),
        "{lines:#?}"
    );
    assert_eq!(changes(&after, &after), []);
}

#[test]
fn changed_parts_are_those_that_go_no_further() {
    let changed = parts_changed(&sample::before(), &sample::after());
    let expected = [
        "bootstrap > OpenCV > imgproc > resize.cpp 300000 600000",
        "static libraries > libopencv_imgproc.a > resize.cpp.o 8600000 8800000",
        "bootstrap > Rust crates > tokio > task - 150000",
        "bootstrap > Rust crates > h2 50000 -",
        "image face-detect > the function > usr/share/licenses 200000 210000",
    ];
    assert_eq!(lines(&changed), expected);
    let totals = sample::totals(sample::before());
    let changed = lines(&parts_changed(&totals, &sample::after()));
    let image = "image face-detect 6800000 7210000".to_owned();
    assert!(changed.contains(&image), "{changed:#?}");
}

#[test]
fn below_a_total_nothing_is_said_to_be_new() {
    let total = report(vec![code("bootstrap", 5)]);
    let full = sample::after();
    let changed = changes(&total, &full);
    let below = |change: &Change| change.path.len() > 1 && change.path[0] == "bootstrap";
    assert!(!changed.iter().any(below), "{changed:#?}");
    assert_eq!(grown(&total, &full, "bootstrap", 5), []);
}

#[test]
fn components_that_grew_come_first() {
    let changed = grown(&sample::before(), &sample::after(), "bootstrap", 5);
    let names: Vec<_> = changed.iter().map(Change::name).collect();
    assert_eq!(names, ["OpenCV/imgproc", "Rust crates/tokio"]);
    assert_eq!(changed[1].before, None);
    assert_eq!(changed[0].difference(), 300_000);
    assert_eq!(
        grown(&sample::before(), &sample::after(), "bootstrap", 1).len(),
        1
    );
}

#[test]
fn what_has_the_program_in_it_grew_by_the_programs_components() {
    for artefact in ["zip face-detect", "image face-detect"] {
        let changed = grown(&sample::before(), &sample::after(), artefact, 2);
        assert_eq!(
            changed[0].path,
            path("bootstrap > OpenCV > imgproc"),
            "{artefact}"
        );
    }
    let image = components_changed(&sample::before(), &sample::after(), "image face-detect");
    let licences = "image face-detect > the function > usr/share/licenses 200000 210000";
    assert!(lines(&image).contains(&licences.to_owned()), "{image:#?}");
}

#[test]
fn an_artefact_known_by_its_total_grew_by_the_program_alone() {
    let before = sample::totals(sample::before());
    let changed = components_changed(&before, &sample::after(), "image face-detect");
    let first = "bootstrap > OpenCV > imgproc 400000 700000";
    assert_eq!(lines(&changed)[0], first);
    let back = components_changed(&sample::after(), &before, "image face-detect");
    let first = "bootstrap > OpenCV > imgproc 700000 400000";
    assert_eq!(lines(&back)[0], first);
    assert_eq!(back.len(), changed.len());
    let libraries = components_changed(&sample::after(), &before, "static libraries");
    assert_eq!(libraries, []);
    assert!(
        changed.iter().all(|change| change.path[0] == "bootstrap"),
        "{changed:#?}"
    );
}

#[test]
fn what_lies_in_several_artefacts_changed_once() {
    let changed = all_components_changed(&sample::before(), &sample::after());
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
