//! Images and zip archives as people's tools made them, after public reports, from a folder beside the project. They
//! are not part of it: without the folder, this says so and checks nothing. The same kinds are made in code by the other
//! tests.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::path::Path;

use layer::lint::{LintOptions, Rule, Severity, lint};

/// The rule that has the only error or warning, if there is one.
type Expected = Option<(Rule, Severity)>;

const CASES: [(&str, Expected); 15] = [
    ("images/good", None),
    ("images/kaniko", None),
    ("images/docker-25-save.tar", None),
    ("images/crane-or-kaniko.tar", None),
    ("images/entrypoint-mach-o", Some((Rule::Entrypoint, Severity::Error))),
    ("images/entrypoint-crlf", Some((Rule::Entrypoint, Severity::Error))),
    ("images/no-history", Some((Rule::History, Severity::Warning))),
    (
        "images/workdir-relative",
        Some((Rule::WorkingDirectory, Severity::Error)),
    ),
    ("zips/good-elf.zip", None),
    ("zips/mach-o.zip", Some((Rule::ZipProgram, Severity::Error))),
    ("zips/crlf-script.zip", Some((Rule::ZipProgram, Severity::Error))),
    ("zips/library-in-lib.zip", None),
    ("zips/library-nowhere.zip", Some((Rule::ZipProgram, Severity::Error))),
    ("zips/nix-loader.zip", Some((Rule::ZipProgram, Severity::Error))),
    ("zips/needs-libgcc_s.zip", None),
];

#[test]
fn reported_cases_are_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases");
    if !folder.is_dir() {
        println!("skipped: there is no folder `{}`", folder.display());
        return;
    }
    for (name, expected) in CASES {
        let mut found = lint(&folder.join(name), &LintOptions::default()).unwrap();
        found.retain(|finding| finding.severity != Severity::Note);
        let rules: Vec<_> = found.iter().map(|finding| (finding.rule, finding.severity)).collect();
        assert_eq!(rules, expected.into_iter().collect::<Vec<_>>(), "{name}: {found:#?}");
    }
}
