//! The comment of a small document.

use super::*;
use crate::tests::sample::{after, code as leaf, document, report};

#[test]
fn a_comment_has_a_summary_artefacts_changes_and_budgets() {
    let expected = "\
### Sizes of x86\\_64

Since the last report: `bootstrap` unpacked ↑ 400.0 kB (+6.1%), `image face-detect` unpacked ↑ 410.0 kB (+6.0%), \
`zip face-detect` unpacked ↑ 400.0 kB (+6.1%), `static libraries` unpacked ↑ 200.0 kB (+2.3%); 3 of the same size. \
**Over budget: 1.**

JPEG is read without SIMD: this machine has no nasm.

| artefact | | before | after | change |
|---|---|--:|--:|--:|
| `bootstrap` | unpacked | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `bootstrap` | packed | 3.30 MB | 3.30 MB | same |
| `image face-detect` | unpacked | 6.80 MB | 7.21 MB | ↑ 410.0 kB (+6.0%) |
| `image face-detect` | packed | 3.35 MB | 3.35 MB | same |
| `zip face-detect` | unpacked | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `zip face-detect` | packed | 3.30 MB | 3.30 MB | same |
| `static libraries` | unpacked | 8.60 MB | 8.80 MB | ↑ 200.0 kB (+2.3%) |

<details><summary>Components that changed most</summary>

| component | before | after | change | |
|---|--:|--:|--:|--:|
| bootstrap: `OpenCV/imgproc` | 400.0 kB | 700.0 kB | +300.0 kB | +75.0% |
| static libraries: `libopencv_imgproc.a` | 8.60 MB | 8.80 MB | +200.0 kB | +2.3% |
| bootstrap: `Rust crates/tokio` | new | 150.0 kB | +150.0 kB |  |
| bootstrap: `Rust crates/h2` | 50.0 kB | gone | -50.0 kB | -100.0% |
| image face-detect: `the function/usr/share/licenses` | 200.0 kB | 210.0 kB | +10.0 kB | +5.0% |

</details>

| budget | | most | now | left |
|---|---|--:|--:|--:|
| `bootstrap` | unpacked | 6.90 MB | 7.00 MB | **100.0 kB too many** |
| `zip face-detect` | packed | 3.60 MB | 3.30 MB | 299.8 kB |
";
    assert_eq!(markdown(&document()), expected);
}

#[test]
fn without_a_change_or_an_earlier_report_it_says_so() {
    let mut document = document();
    document.before.as_mut().unwrap().report = after();
    let same = markdown(&document);
    assert!(
        same.contains("\nNothing changed since the last report. **Over"),
        "{same}"
    );
    assert!(!same.contains("<details>"), "{same}");
    document.before = None;
    let alone = markdown(&document);
    assert!(
        alone.contains("`bootstrap` 7.00 MB; there is no earlier report"),
        "{alone}"
    );
    assert!(
        alone.contains("| `bootstrap` | packed | – | 3.30 MB |  |"),
        "{alone}"
    );
}

#[test]
fn artefacts_come_go_and_shrink() {
    let mut document = document();
    document.report = report(vec![leaf("bootstrap", 90), leaf("zip new", 5)]);
    document.before.as_mut().unwrap().report =
        report(vec![leaf("bootstrap", 100), leaf("zip old", 7)]);
    let text = markdown(&document);
    assert!(
        text.contains("`bootstrap` unpacked ↓ 10 B (-10.0%), `zip new` unpacked 5 B is new."),
        "{text}"
    );
    assert!(
        text.contains("| `zip old` | unpacked | 7 B | – | gone |"),
        "{text}"
    );
    assert!(
        text.contains("| `zip new` | unpacked | – | 5 B |  |"),
        "{text}"
    );
}

#[test]
fn names_cannot_break_out() {
    assert_eq!(code("a|b"), "`a\\|b`");
    assert_eq!(code("a`b"), "`` a`b ``");
    assert_eq!(escaped("<b>*x*\n@me"), "\\<b\\>\\*x\\* \\@me");
}
