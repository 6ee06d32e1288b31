//! Tests of the terminal's text for a small document.

use super::*;
use crate::tests::sample::{self, code, document};

const ALL_ROWS: DisplayOptions = DisplayOptions { all: true };
const LARGEST_ROWS: DisplayOptions = DisplayOptions { all: false };

#[test]
fn render_shows_every_section() {
    let expected = "\
x86_64 at 4bcd2c3, compared with the last report at 4bcd2c3

JPEG is read without SIMD: this machine has no nasm.

               uncompressed   share  compressed     change
bootstrap           7.00 MB  100.0%     3.30 MB  +400.0 kB
  Rust crates       5.70 MB   81.4%              +100.0 kB
    std             5.55 MB   79.3%
    tokio          150.0 kB    2.1%                    new
  OpenCV            1.30 MB   18.6%              +300.0 kB
    imgproc        700.0 kB   10.0%              +300.0 kB
    core           600.0 kB    8.6%
";
    let text = render(&document(), LARGEST_ROWS);
    assert!(text.starts_with(expected), "{text}");
    for section in [
        "\
image face-detect            7.21 MB  100.0%     3.35 MB  +410.0 kB
  the function               7.21 MB  100.0%     3.35 MB  +410.0 kB
    var/task/bootstrap       7.00 MB   97.1%              +400.0 kB
    usr/share/licenses      210.0 kB    2.9%               +10.0 kB
",
        "\
                       uncompressed   share    linked     change
static libraries            8.80 MB  100.0%  600.0 kB  +200.0 kB
  libopencv_imgproc.a       8.80 MB  100.0%  600.0 kB  +200.0 kB
    resize.cpp.o            8.80 MB  100.0%  600.0 kB  +200.0 kB
",
        "\
changed most                                          before       now     change
bootstrap: OpenCV/imgproc                           400.0 kB  700.0 kB  +300.0 kB   +75.0%
static libraries: libopencv_imgproc.a                8.60 MB   8.80 MB  +200.0 kB    +2.3%
bootstrap: Rust crates/tokio                             new  150.0 kB  +150.0 kB
bootstrap: Rust crates/h2                            50.0 kB      gone   -50.0 kB  -100.0%
image face-detect: the function/usr/share/licenses  200.0 kB  210.0 kB   +10.0 kB    +5.0%
",
        "\
budgets                        limit      now           left
bootstrap, uncompressed      6.90 MB  7.00 MB  100.0 kB over
zip face-detect, compressed  3.60 MB  3.30 MB       299.8 kB
",
        "\
competitors                                             theirs     ours
the Python image of the same function  uncompressed  712.00 MB  7.21 MB  99x  image face-detect
",
        "\
history of bootstrap              uncompressed             compressed
before anything was done              13.31 MB                5.29 MB
three checksums instead of fifty      12.54 MB  -770.0 kB     4.60 MB  -690.0 kB
",
        "\
the baseline   library  ours   linked  ours  compiled   ours
dnn           14.80 MB   0 B  6.90 MB   0 B   612.5 s  0.0 s
OpenCV 4.5.5 as it comes
  the function linked with it is 21.00 MB; compiling it takes 1840.0 s, compiling ours 301.0 s
  without videoio: it needs a camera
",
        "\
cost of features  libraries  bootstrap  compressed
codec png         +310.0 kB  +190.0 kB     -1.2 kB
",
    ] {
        assert!(text.contains(section), "{section}\n---\n{text}");
    }
}

#[test]
fn render_omits_empty_sections() {
    let bare = Document {
        previous_report: None,
        competitors: Vec::new(),
        budgets: Vec::new(),
        history: Vec::new(),
        baseline: None,
        ablation: Vec::new(),
        degraded: Vec::new(),
        ..document()
    };
    let text = render(&bare, LARGEST_ROWS);
    for word in [
        "change",
        "budgets",
        "competitors",
        "history",
        "baseline",
        "cost",
        "compared",
    ] {
        assert!(!text.contains(word), "{word}\n{text}");
    }
}

#[test]
fn render_omits_changes_below_totals() {
    let mut document = document();
    let before = document.previous_report.as_mut().unwrap();
    before.report = sample::totals_only(before.report.clone());
    let text = render(&document, LARGEST_ROWS);
    assert!(
        text.contains("image face-detect            7.21 MB  100.0%     3.35 MB  +410.0 kB\n"),
        "{text}"
    );
    assert!(
        text.contains("    var/task/bootstrap       7.00 MB   97.1%\n"),
        "{text}"
    );
}

/// A document whose only artefact has `count` parts.
fn many(count: u64, name: impl Fn(u64) -> String) -> Document {
    let parts = (0..count).map(|number| code(&name(number), 1_000 - number));
    let group = Part::branch("group", parts.collect());
    Document {
        report: sample::report(vec![Part::branch("bootstrap", vec![group])]),
        previous_report: None,
        ..document()
    }
}

#[test]
fn render_shows_the_largest_parts_and_counts_the_rest() {
    let few = render(&many(28, |number| format!("n{number}")), LARGEST_ROWS);
    assert!(few.contains("    n4 "), "{few}");
    assert!(!few.contains("    n5 "), "{few}");
    assert!(few.contains("    and 23 more       22.6 kB   81.9%\n"), "{few}");
    let all = render(&many(28, |number| format!("n{number}")), ALL_ROWS);
    assert!(all.contains("    n27 ") && !all.contains("more"), "{all}");
    let changed = render(&document(), ALL_ROWS);
    let function = "bootstrap: OpenCV/imgproc/resize.cpp  ";
    assert!(changed.contains(function), "{changed}");
    // "and 1 more" is never shown: the part is shown instead.
    let six = render(&many(6, |number| format!("n{number}")), LARGEST_ROWS);
    assert!(six.contains("    n5 ") && !six.contains("more"), "{six}");
}

#[test]
fn render_has_lines_of_at_most_100_characters() {
    let name = |number| {
        format!(
            "core::ptr::drop_in_place<{}>::{number}",
            "alloc::vec::Vec<u8>, ".repeat(20)
        )
    };
    let mut document = many(9, name);
    document.history[0].description = "long ".repeat(50);
    document.competitors[0].name = "long ".repeat(50);
    document.baseline.as_mut().unwrap().missing.push("long ".repeat(50));
    let text = render(&document, LARGEST_ROWS);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert_eq!(widest, WIDTH, "{text}");
    assert!(text.contains("    core::ptr::drop_in_place<alloc"), "{text}");
    assert!(text.contains(">::0 "), "{text}");
}
