//! Small reports for tests.

use opencv_build::Architecture;

use crate::part::{Kind, Part};
use crate::report::{
    Ablation, Baseline, BaselineModule, Budget, Competitor, Document, Measure, Milestone, PreviousReport, Report,
    SCHEMA,
};

pub fn code(name: &str, bytes: u64) -> Part {
    Part::leaf(name, bytes, Kind::Code)
}

pub fn report(artefacts: Vec<Part>) -> Report {
    Report {
        architecture: Architecture::X86_64,
        revision: Some("4bcd2c3".into()),
        artefacts,
    }
}

pub fn report_before() -> Report {
    built(300_000, code("h2", 50_000), 8_600_000, 200_000)
}

/// Differs from [`report_before`]: one source file is larger, and one crate is replaced by another.
pub fn report_after() -> Report {
    let tokio = Part::branch("tokio", vec![code("task", 150_000)]);
    built(600_000, tokio, 8_800_000, 210_000)
}

/// The report with only totals of all artefacts except `bootstrap`.
pub fn totals_only(mut report: Report) -> Report {
    for artefact in report.artefacts.iter_mut().skip(1) {
        artefact.parts = Vec::new();
        artefact.kind = Some(Kind::File);
    }
    report
}

fn built(resize: u64, krate: Part, library: u64, licences: u64) -> Report {
    let core = Part::branch("core", vec![code("matrix.cpp", 600_000)]);
    let imgproc = vec![code("resize.cpp", resize), code("color.cpp", 100_000)];
    let imgproc = Part::branch("imgproc", imgproc);
    let std = Part::branch("std", vec![code("core::fmt", 5_550_000)]);
    let groups = vec![
        Part::branch("OpenCV", vec![core, imgproc]),
        Part::branch("Rust crates", vec![std, krate]),
    ];
    let bootstrap = with_compressed_bytes(Part::branch("bootstrap", groups), 3_300_000);
    let program = |name: &str| Part::leaf(name, bootstrap.bytes, Kind::File);
    let archive = with_compressed_bytes(program("bootstrap"), 3_300_000);
    let archive = Part::branch("zip face-detect", vec![archive]);
    let function = vec![
        program("var/task/bootstrap"),
        Part::leaf("usr/share/licenses", licences, Kind::File),
    ];
    let function = with_compressed_bytes(Part::branch("the function", function), 3_350_000);
    let image = Part::branch("image face-detect", vec![function]);
    let member = Part {
        linked_bytes: Some(resize),
        ..Part::leaf("resize.cpp.o", library, Kind::File)
    };
    let library = Part {
        linked_bytes: Some(resize),
        ..Part::branch("libopencv_imgproc.a", vec![member])
    };
    let libraries = Part {
        linked_bytes: Some(resize),
        ..Part::branch("static libraries", vec![library])
    };
    report(vec![
        bootstrap,
        with_compressed_bytes(image, 3_350_000),
        with_compressed_bytes(archive, 3_300_200),
        libraries,
    ])
}

fn with_compressed_bytes(part: Part, bytes: u64) -> Part {
    Part {
        compressed_bytes: Some(bytes),
        ..part
    }
}

/// A document with something in each of its sections.
pub fn document() -> Document {
    let module = BaselineModule {
        name: "dnn".into(),
        library_bytes: 14_800_000,
        our_library_bytes: 0,
        linked_bytes: 6_900_000,
        our_linked_bytes: 0,
        compile_seconds: 612.5,
        our_compile_seconds: 0.0,
    };
    Document {
        schema: SCHEMA,
        report: report_after(),
        previous_report: Some(PreviousReport {
            label: "the last report".into(),
            report: report_before(),
        }),
        competitors: vec![Competitor {
            name: "the Python image of the same function".into(),
            bytes: 712_000_000,
            measure: Measure::Uncompressed,
            source: "measured in 2020".into(),
            artefact: "image face-detect".into(),
            our_bytes: 7_210_000,
            ratio: 712_000_000.0 / 7_210_000.0,
        }],
        budgets: vec![
            Budget {
                artefact: "bootstrap".into(),
                measure: Measure::Uncompressed,
                limit_bytes: 6_900_000,
                bytes: 7_000_000,
            },
            Budget {
                artefact: "zip face-detect".into(),
                measure: Measure::Compressed,
                limit_bytes: 3_600_000,
                bytes: 3_300_200,
            },
        ],
        history: vec![
            Milestone {
                description: "before anything was done".into(),
                uncompressed_bytes: 13_310_000,
                compressed_bytes: 5_290_000,
            },
            Milestone {
                description: "three checksums instead of fifty".into(),
                uncompressed_bytes: 12_540_000,
                compressed_bytes: 4_600_000,
            },
        ],
        baseline: Some(Baseline {
            description: "OpenCV 4.5.5 as it comes".into(),
            bootstrap_bytes: 21_000_000,
            compile_seconds: 1_840.0,
            our_compile_seconds: 301.0,
            modules: vec![module],
            missing: vec!["videoio: it needs a camera".into()],
        }),
        degraded: vec!["JPEG is read without SIMD: this machine has no nasm".into()],
        ablation: vec![Ablation {
            feature: "codec png".into(),
            library_bytes: 310_000,
            bootstrap_bytes: 190_000,
            compressed_bytes: -1_200,
        }],
    }
}
