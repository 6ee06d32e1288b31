//! Tests of the comment for a small document.

use super::*;
use crate::tests::sample::{code as leaf, document, report, report_after};

#[test]
fn comment_has_summary_artefacts_changes_and_budgets() {
    let expected = "\
### Sizes of x86\\_64

Since the last report: `bootstrap` uncompressed ↑ 400.0 kB (+6.1%), `image face-detect` uncompressed ↑ 410.0 kB \
(+6.0%), `zip face-detect` uncompressed ↑ 400.0 kB (+6.1%), `static libraries` uncompressed ↑ 200.0 kB (+2.3%); \
3 of the same size. \
**Over budget: 1.**

JPEG is read without SIMD: this machine has no nasm.

| artefact | | before | after | change |
|---|---|--:|--:|--:|
| `bootstrap` | uncompressed | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `bootstrap` | compressed | 3.30 MB | 3.30 MB | same |
| `image face-detect` | uncompressed | 6.80 MB | 7.21 MB | ↑ 410.0 kB (+6.0%) |
| `image face-detect` | compressed | 3.35 MB | 3.35 MB | same |
| `zip face-detect` | uncompressed | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `zip face-detect` | compressed | 3.30 MB | 3.30 MB | same |
| `static libraries` | uncompressed | 8.60 MB | 8.80 MB | ↑ 200.0 kB (+2.3%) |

<details><summary>Components that changed most</summary>

| component | before | after | change | |
|---|--:|--:|--:|--:|
| bootstrap: `OpenCV/imgproc` | 400.0 kB | 700.0 kB | +300.0 kB | +75.0% |
| static libraries: `libopencv_imgproc.a` | 8.60 MB | 8.80 MB | +200.0 kB | +2.3% |
| bootstrap: `Rust crates/tokio` | new | 150.0 kB | +150.0 kB |  |
| bootstrap: `Rust crates/h2` | 50.0 kB | gone | -50.0 kB | -100.0% |
| image face-detect: `the function/usr/share/licenses` | 200.0 kB | 210.0 kB | +10.0 kB | +5.0% |

</details>

| budget | | limit | now | left |
|---|---|--:|--:|--:|
| `bootstrap` | uncompressed | 6.90 MB | 7.00 MB | **100.0 kB over** |
| `zip face-detect` | compressed | 3.60 MB | 3.30 MB | 299.8 kB |
";
    assert_eq!(render(&document()), expected);
}

#[test]
fn comment_without_changes_or_previous_report() {
    let mut document = document();
    document.previous_report.as_mut().unwrap().report = report_after();
    let same = render(&document);
    assert!(
        same.contains("\nNothing changed since the last report. **Over"),
        "{same}"
    );
    assert!(!same.contains("<details>"), "{same}");
    document.previous_report = None;
    let alone = render(&document);
    assert!(
        alone.contains("`bootstrap` 7.00 MB; there is no earlier report"),
        "{alone}"
    );
    assert!(
        alone.contains("| `bootstrap` | compressed | – | 3.30 MB |  |"),
        "{alone}"
    );
}

#[test]
fn added_removed_and_smaller_artefacts() {
    let mut document = document();
    document.report = report(vec![leaf("bootstrap", 90), leaf("zip new", 5)]);
    document.previous_report.as_mut().unwrap().report = report(vec![leaf("bootstrap", 100), leaf("zip old", 7)]);
    let text = render(&document);
    assert!(
        text.contains("`bootstrap` uncompressed ↓ 10 B (-10.0%), `zip new` uncompressed 5 B is new."),
        "{text}"
    );
    assert!(text.contains("| `zip old` | uncompressed | 7 B | – | gone |"), "{text}");
    assert!(text.contains("| `zip new` | uncompressed | – | 5 B |  |"), "{text}");
}

#[test]
fn names_are_escaped() {
    assert_eq!(code("a|b"), "`a\\|b`");
    assert_eq!(code("a`b"), "`` a`b ``");
    assert_eq!(escaped("<b>*x*\n@me"), "\\<b\\>\\*x\\* \\@me");
}
