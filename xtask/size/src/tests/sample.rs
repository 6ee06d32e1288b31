//! Small reports made by hand, for the tests of what compares and shows them.

use opencv_build::Architecture;

use crate::part::{Kind, Part};
use crate::report::{
    Ablation, Baseline, BaselineModule, Before, Budget, Document, Measure, Milestone, Peer, Report,
    SCHEMA,
};

/// A leaf of code.
pub fn code(name: &str, bytes: u64) -> Part {
    Part::leaf(name, bytes, Kind::Code)
}

/// A report of these artefacts.
pub fn report(artefacts: Vec<Part>) -> Report {
    Report {
        architecture: Architecture::X86_64,
        revision: Some("4bcd2c3".into()),
        artefacts,
    }
}

/// What was.
pub fn before() -> Report {
    built(300_000, code("h2", 50_000), 8_600_000, 200_000)
}

/// What is: one source file larger, one crate instead of another.
pub fn after() -> Report {
    let tokio = Part::whole("tokio", vec![code("task", 150_000)]);
    built(600_000, tokio, 8_800_000, 210_000)
}

/// The same with no more than totals of all but `bootstrap`.
pub fn totals(mut report: Report) -> Report {
    for artefact in report.artefacts.iter_mut().skip(1) {
        artefact.parts = Vec::new();
        artefact.kind = Some(Kind::File);
    }
    report
}

fn built(resize: u64, krate: Part, library: u64, licences: u64) -> Report {
    let core = Part::whole("core", vec![code("matrix.cpp", 600_000)]);
    let imgproc = vec![code("resize.cpp", resize), code("color.cpp", 100_000)];
    let imgproc = Part::whole("imgproc", imgproc);
    let std = Part::whole("std", vec![code("core::fmt", 5_550_000)]);
    let groups = vec![
        Part::whole("OpenCV", vec![core, imgproc]),
        Part::whole("Rust crates", vec![std, krate]),
    ];
    let bootstrap = packed(Part::whole("bootstrap", groups), 3_300_000);
    let program = |name: &str| Part::leaf(name, bootstrap.bytes, Kind::File);
    let archive = packed(program("bootstrap"), 3_300_000);
    let archive = Part::whole("zip face-detect", vec![archive]);
    let function = vec![
        program("var/task/bootstrap"),
        Part::leaf("usr/share/licenses", licences, Kind::File),
    ];
    let function = packed(Part::whole("the function", function), 3_350_000);
    let image = Part::whole("image face-detect", vec![function]);
    let member = Part {
        linked: Some(resize),
        ..Part::leaf("resize.cpp.o", library, Kind::File)
    };
    let library = Part {
        linked: Some(resize),
        ..Part::whole("libopencv_imgproc.a", vec![member])
    };
    let libraries = Part {
        linked: Some(resize),
        ..Part::whole("static libraries", vec![library])
    };
    report(vec![
        bootstrap,
        packed(image, 3_350_000),
        packed(archive, 3_300_200),
        libraries,
    ])
}

fn packed(part: Part, bytes: u64) -> Part {
    Part {
        packed: Some(bytes),
        ..part
    }
}

/// A document with something in each of its sections.
pub fn document() -> Document {
    let module = BaselineModule {
        name: "dnn".into(),
        library: 14_800_000,
        our_library: 0,
        binary: 6_900_000,
        our_binary: 0,
        seconds: 612.5,
        our_seconds: 0.0,
    };
    Document {
        schema: SCHEMA,
        report: after(),
        before: Some(Before {
            label: "the last report".into(),
            report: before(),
        }),
        peers: vec![Peer {
            name: "the Python image of the same function".into(),
            bytes: 712_000_000,
            measure: Measure::Unpacked,
            source: "measured in 2020".into(),
            artefact: "image face-detect".into(),
            ours: 7_210_000,
            ratio: 712_000_000.0 / 7_210_000.0,
        }],
        budgets: vec![
            Budget {
                artefact: "bootstrap".into(),
                measure: Measure::Unpacked,
                most: 6_900_000,
                bytes: 7_000_000,
            },
            Budget {
                artefact: "zip face-detect".into(),
                measure: Measure::Packed,
                most: 3_600_000,
                bytes: 3_300_200,
            },
        ],
        history: vec![
            Milestone {
                what: "before anything was done".into(),
                unpacked: 13_310_000,
                packed: 5_290_000,
            },
            Milestone {
                what: "three checksums instead of fifty".into(),
                unpacked: 12_540_000,
                packed: 4_600_000,
            },
        ],
        baseline: Some(Baseline {
            what: "OpenCV 4.5.5 as it comes".into(),
            bootstrap: 21_000_000,
            seconds: 1_840.0,
            our_seconds: 301.0,
            modules: vec![module],
            missing: vec!["videoio: it wants a camera".into()],
        }),
        lacks: vec!["JPEG is read without SIMD: this machine has no nasm".into()],
        ablation: vec![Ablation {
            feature: "codec png".into(),
            libraries: 310_000,
            binary: 190_000,
            packed: -1_200,
        }],
    }
}
