//! Tests of parsing budgets, and of the errors for exceeded ones.

use std::path::Path;

use package::build::Arguments;

use super::*;
use crate::tests::sample::{document, report, report_after, totals_only};

fn parsed(text: &str) -> Budgets {
    Budgets::parse(text).unwrap()
}

fn error_of(text: &str) -> String {
    format!("{:#}", Budgets::parse(text).unwrap_err())
}

const TWO: &str = "version = \"4.5.5\"\n[size.budgets]\n\
                   bootstrap = { uncompressed = \"7 MB\", compressed = \"3.2 MB\" }\n\
                   \"zip face-detect\" = { compressed = \"3.6 MB\" }\n";

#[test]
fn compare_pairs_each_limit_with_the_measured_size() {
    let budgets = parsed(TWO).compare(&report_after()).unwrap();
    let shown: Vec<_> = budgets
        .iter()
        .map(|budget| {
            (
                budget.artefact.as_str(),
                budget.measure,
                budget.limit_bytes,
                budget.bytes,
            )
        })
        .collect();
    let expected = [
        ("bootstrap", Measure::Uncompressed, 7_000_000, 7_000_000),
        ("bootstrap", Measure::Compressed, 3_200_000, 3_300_000),
        ("zip face-detect", Measure::Compressed, 3_600_000, 3_300_200),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn architecture_limits_override_defaults() {
    let text = TWO.to_owned() + "[size.budgets.aarch64]\nbootstrap = { uncompressed = \"6 MB\" }\n";
    let budgets = parsed(&text);
    let limit = |architecture, artefact, measure| budgets.limit(architecture, artefact, measure);
    let bootstrap = |architecture, measure| limit(architecture, "bootstrap", measure);
    assert_eq!(bootstrap(Architecture::X86_64, Measure::Uncompressed), Some(7_000_000));
    assert_eq!(bootstrap(Architecture::Aarch64, Measure::Uncompressed), Some(6_000_000));
    assert_eq!(bootstrap(Architecture::Aarch64, Measure::Compressed), None);
    let zip = limit(Architecture::Aarch64, "zip face-detect", Measure::Compressed);
    assert_eq!(zip, Some(3_600_000));
}

#[test]
fn recipe_without_budget_table_has_no_budgets() {
    assert_eq!(parsed("version = \"4.5.5\"\n"), Budgets::default());
    assert_eq!(Budgets::default().compare(&report_after()).unwrap().len(), 0);
}

#[test]
fn budgets_come_from_the_selected_recipe() {
    let limit = |recipe: Option<&Path>| {
        let build = Build::read(&Arguments {
            recipe: recipe.map(Path::to_owned),
            ..Arguments::default()
        });
        let budgets = Budgets::read(&build.unwrap()).unwrap();
        budgets.limit(Architecture::X86_64, "zip face-detect", Measure::Compressed)
    };
    assert!(limit(None).is_some());
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.toml");
    let (recipe, _) = include_str!("../../../../opencv.toml").split_once("[size").unwrap();
    let budget = "[size.budgets]\n\"zip face-detect\" = { compressed = \"1 B\" }\n";
    fs_err::write(&other, format!("{recipe}\n{budget}")).unwrap();
    assert_eq!(limit(Some(&other)), Some(1));
}

#[test]
fn malformed_budgets_are_rejected() {
    for (text, expected) in [
        (
            "[size.budgets]\nbootstrap = \"7 MB\"",
            "`bootstrap` in `[size.budgets]` is not a budget",
        ),
        (
            "[size.budgets]\nbootstrap = { uncompressed = \"7 MiB\" }",
            "`7 MiB` is not a size",
        ),
        ("[size.budgets]\nbootstrap = { uncompressed = 7 }", "expected a string"),
        (
            "[size.budgets]\nbootstrap = { bytes = \"7 MB\" }",
            "unknown field `bytes`",
        ),
        (
            "[size.budgets]\nbootstrap = {}",
            "has no limit; add `uncompressed` or `compressed`",
        ),
        (
            "[size.budgets]\nx86_64 = 5",
            "`x86_64` in `[size.budgets]` is not a table",
        ),
        ("[size.budgets.aarch64]\nbootstrap = {}", "has no limit"),
        ("[size.budget]\n", "unknown field `budget`"),
        ("size = 5", "expected struct Size"),
    ] {
        let error = error_of(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn unknown_artefact_error_lists_known_artefacts() {
    for table in ["[size.budgets]", "[size.budgets.aarch64]"] {
        let text = format!("{table}\n\"imag face-detect\" = {{ compressed = \"5 MB\" }}");
        let error = parsed(&text).compare(&report_after()).unwrap_err().to_string();
        assert!(error.starts_with("unknown artefact `imag face-detect`"), "{error}");
        assert!(error.contains("`image face-detect`, `zip face-detect`"), "{error}");
    }
    let text = "[size.budgets]\n\"static libraries\" = { compressed = \"5 MB\" }";
    let error = parsed(text).compare(&report_after()).unwrap_err().to_string();
    assert!(error.contains("is never compressed"), "{error}");
}

#[test]
fn check_fails_one_byte_over_the_limit() {
    let mut document = document();
    document.budgets[0].limit_bytes = document.budgets[0].bytes;
    check(&document).unwrap();
    document.budgets[0].limit_bytes -= 1;
    let error = check(&document).unwrap_err().to_string();
    assert!(error.contains("1 B (1 bytes) more"), "{error}");
}

#[test]
fn exceeded_budget_error_names_largest_increases() {
    let error = check(&document()).unwrap_err().to_string();
    let expected = "over the size budget:\n\
        `bootstrap` has 7000000 bytes uncompressed, 100.0 kB (100000 bytes) more than its budget of 6.90 MB\n  \
        largest uncompressed increases since the last report: OpenCV/imgproc +300.0 kB, \
        Rust crates/tokio +150.0 kB (new)\n\
        make it smaller, or raise the budget in `[size.budgets]` of `opencv.toml`";
    assert_eq!(error, expected);
}

#[test]
fn archive_over_budget_names_bootstrap_components() {
    let mut document = document();
    document.budgets.remove(0);
    document.budgets[0].limit_bytes = 3_000_000;
    let compact = totals_only(document.previous_report.clone().unwrap().report);
    document.previous_report.as_mut().unwrap().report = compact;
    let error = check(&document).unwrap_err().to_string();
    assert!(
        error.contains("`zip face-detect` has 3300200 bytes compressed"),
        "{error}"
    );
    assert!(error.contains("OpenCV/imgproc +300.0 kB"), "{error}");
}

#[test]
fn exceeded_budget_error_falls_back_to_largest_components() {
    let mut document = document();
    document.previous_report = None;
    let error = check(&document).unwrap_err().to_string();
    let largest = "there is no earlier report; the largest uncompressed: Rust crates/std 5.55 MB, OpenCV/imgproc";
    assert!(error.contains(largest), "{error}");
    document.previous_report = Some(PreviousReport {
        label: "v1".into(),
        report: report_after(),
    });
    let error = check(&document).unwrap_err().to_string();
    assert!(error.contains("no part of it grew since v1; the largest"), "{error}");
}

#[test]
fn exceeded_budget_error_names_at_most_five_components() {
    let parts = |bytes| {
        let names = ["a", "b", "c", "d", "e", "f", "g"].into_iter();
        let parts = names.map(|name| crate::tests::sample::code(name, bytes));
        super::super::part::Part::branch(
            "bootstrap",
            vec![super::super::part::Part::branch("g", parts.collect())],
        )
    };
    let mut document = document();
    document.report = report(vec![parts(20)]);
    document.previous_report.as_mut().unwrap().report = report(vec![parts(10)]);
    let error = check(&document).unwrap_err().to_string();
    assert!(error.contains("g/e +10 B\n"), "{error}");
    assert!(!error.contains("g/f"), "{error}");
}
