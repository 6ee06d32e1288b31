//! What budgets may say, and what is said when one is exceeded.

use std::path::Path;

use package::build::Arguments;

use super::*;
use crate::tests::sample::{after, document, report, totals};

fn parsed(text: &str) -> Budgets {
    Budgets::parse(text).unwrap()
}

fn error_of(text: &str) -> String {
    format!("{:#}", Budgets::parse(text).unwrap_err())
}

const TWO: &str = "version = \"4.5.5\"\n[size.budgets]\nbootstrap = { unpacked = \"7 MB\", packed = \"3.2 MB\" }\n\
                   \"zip face-detect\" = { packed = \"3.6 MB\" }\n";

#[test]
fn a_budget_has_the_limit_and_what_there_is() {
    let budgets = parsed(TWO).compare(&after()).unwrap();
    let shown: Vec<_> = budgets
        .iter()
        .map(|budget| {
            (
                budget.artefact.as_str(),
                budget.measure,
                budget.most,
                budget.bytes,
            )
        })
        .collect();
    let expected = [
        ("bootstrap", Measure::Unpacked, 7_000_000, 7_000_000),
        ("bootstrap", Measure::Packed, 3_200_000, 3_300_000),
        ("zip face-detect", Measure::Packed, 3_600_000, 3_300_200),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn an_architectures_limits_take_the_place_of_an_artefacts_general_ones() {
    let text = TWO.to_owned() + "[size.budgets.aarch64]\nbootstrap = { unpacked = \"6 MB\" }\n";
    let budgets = parsed(&text);
    let most = |architecture, artefact, measure| budgets.most(architecture, artefact, measure);
    let bootstrap = |architecture, measure| most(architecture, "bootstrap", measure);
    assert_eq!(
        bootstrap(Architecture::X86_64, Measure::Unpacked),
        Some(7_000_000)
    );
    assert_eq!(
        bootstrap(Architecture::Aarch64, Measure::Unpacked),
        Some(6_000_000)
    );
    assert_eq!(bootstrap(Architecture::Aarch64, Measure::Packed), None);
    let zip = most(Architecture::Aarch64, "zip face-detect", Measure::Packed);
    assert_eq!(zip, Some(3_600_000));
}

#[test]
fn a_recipe_without_budgets_has_none() {
    assert_eq!(parsed("version = \"4.5.5\"\n"), Budgets::default());
    assert_eq!(Budgets::default().compare(&after()).unwrap().len(), 0);
}

#[test]
fn budgets_are_those_of_the_recipe_that_is_built() {
    let most = |recipe: Option<&Path>| {
        let build = Build::read(&Arguments {
            recipe: recipe.map(Path::to_owned),
            architecture: None,
        });
        let budgets = Budgets::of(&build.unwrap()).unwrap();
        budgets.most(Architecture::X86_64, "zip face-detect", Measure::Packed)
    };
    assert!(most(None).is_some());
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.toml");
    let (recipe, _) = include_str!("../../../../opencv.toml")
        .split_once("[size")
        .unwrap();
    let budget = "[size.budgets]\n\"zip face-detect\" = { packed = \"1 B\" }\n";
    fs_err::write(&other, format!("{recipe}\n{budget}")).unwrap();
    assert_eq!(most(Some(&other)), Some(1));
}

#[test]
fn what_is_no_budget_is_refused_by_name() {
    for (text, expected) in [
        (
            "[size.budgets]\nbootstrap = \"7 MB\"",
            "`bootstrap` in `[size.budgets]` is no budget",
        ),
        (
            "[size.budgets]\nbootstrap = { unpacked = \"7 MiB\" }",
            "`7 MiB` is no size",
        ),
        (
            "[size.budgets]\nbootstrap = { unpacked = 7 }",
            "expected a string",
        ),
        (
            "[size.budgets]\nbootstrap = { unpaked = \"7 MB\" }",
            "unknown field `unpaked`",
        ),
        (
            "[size.budgets]\nbootstrap = {}",
            "limits nothing; give `unpacked` or `packed`",
        ),
        (
            "[size.budgets]\nx86_64 = 5",
            "`x86_64` in `[size.budgets]` is no table",
        ),
        ("[size.budgets.aarch64]\nbootstrap = {}", "limits nothing"),
        ("[size.budget]\n", "unknown field `budget`"),
        ("size = 5", "expected struct Size"),
    ] {
        let error = error_of(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn an_artefact_that_is_not_there_is_refused_with_those_that_are() {
    for table in ["[size.budgets]", "[size.budgets.aarch64]"] {
        let text = format!("{table}\n\"imag face-detect\" = {{ packed = \"5 MB\" }}");
        let error = parsed(&text).compare(&after()).unwrap_err().to_string();
        assert!(
            error.starts_with("unknown artefact `imag face-detect`"),
            "{error}"
        );
        assert!(
            error.contains("`image face-detect`, `zip face-detect`"),
            "{error}"
        );
    }
    let text = "[size.budgets]\n\"static libraries\" = { packed = \"5 MB\" }";
    let error = parsed(text).compare(&after()).unwrap_err().to_string();
    assert!(error.contains("is never packed"), "{error}");
}

#[test]
fn what_fits_passes_and_the_last_byte_counts() {
    let mut document = document();
    document.budgets[0].most = document.budgets[0].bytes;
    check(&document).unwrap();
    document.budgets[0].most -= 1;
    let error = check(&document).unwrap_err().to_string();
    assert!(error.contains("1 B (1 bytes) more"), "{error}");
}

#[test]
fn over_a_budget_the_error_names_what_grew_most() {
    let error = check(&document()).unwrap_err().to_string();
    let expected = "over the size budget:\n\
        `bootstrap` has 7000000 bytes unpacked, 100.0 kB (100000 bytes) more than its budget of 6.90 MB\n  \
        since the last report, what grew most unpacked: OpenCV/imgproc +300.0 kB, Rust crates/tokio +150.0 kB (new)\n\
        make it smaller, or raise the budget in `[size.budgets]` of `opencv.toml`";
    assert_eq!(error, expected);
}

#[test]
fn an_artefact_that_has_the_program_in_it_names_the_programs_components() {
    let mut document = document();
    document.budgets.remove(0);
    document.budgets[0].most = 3_000_000;
    let compact = totals(document.before.clone().unwrap().report);
    document.before.as_mut().unwrap().report = compact;
    let error = check(&document).unwrap_err().to_string();
    assert!(
        error.contains("`zip face-detect` has 3300200 bytes packed"),
        "{error}"
    );
    assert!(error.contains("OpenCV/imgproc +300.0 kB"), "{error}");
}

#[test]
fn without_an_earlier_report_or_growth_the_largest_are_named() {
    let mut document = document();
    document.before = None;
    let error = check(&document).unwrap_err().to_string();
    let largest =
        "there is no earlier report; the largest unpacked: Rust crates/std 5.55 MB, OpenCV/imgproc";
    assert!(error.contains(largest), "{error}");
    document.before = Some(Before {
        label: "v1".into(),
        report: after(),
    });
    let error = check(&document).unwrap_err().to_string();
    assert!(
        error.contains("nothing in it grew since v1; the largest"),
        "{error}"
    );
}

#[test]
fn no_more_than_five_components_are_named() {
    let parts = |bytes| {
        let names = ["a", "b", "c", "d", "e", "f", "g"].into_iter();
        let parts = names.map(|name| crate::tests::sample::code(name, bytes));
        super::super::part::Part::whole(
            "bootstrap",
            vec![super::super::part::Part::whole("g", parts.collect())],
        )
    };
    let mut document = document();
    document.report = report(vec![parts(20)]);
    document.before.as_mut().unwrap().report = report(vec![parts(10)]);
    let error = check(&document).unwrap_err().to_string();
    assert!(error.contains("g/e +10 B\n"), "{error}");
    assert!(!error.contains("g/f"), "{error}");
}
