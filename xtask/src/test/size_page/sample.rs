//! A document of about 6,000 parts for the page's test, the same each time: artefacts as they are built, an earlier report, and all other sections.

mod program;

use program::{Numbers, bootstrap};

use crate::size::part::{Kind, Part};
use crate::size::report::{
    Ablation, Baseline, BaselineModule, Before, Budget, Document, Measure, Milestone, Peer, Report,
    SCHEMA,
};

/// The document.
pub fn document() -> Document {
    let report = report(false);
    let before = Before {
        label: "the last report".into(),
        report: self::report(true),
    };
    let bytes = |name: &str| {
        let artefact = report.artefacts.iter().find(|part| part.name == name);
        artefact.map_or(0, |part| part.bytes)
    };
    let (bootstrap, image) = (bytes("bootstrap"), bytes("image face-detect"));
    Document {
        schema: SCHEMA,
        before: Some(before),
        peers: peers(bootstrap, image),
        budgets: budgets(bootstrap, image),
        history: history(),
        baseline: Some(baseline(bootstrap)),
        ablation: ablation(),
        report,
    }
}

fn report(earlier: bool) -> Report {
    let mut bootstrap = bootstrap(earlier);
    bootstrap.packed = Some(bootstrap.bytes * 48 / 100);
    let libraries = libraries(earlier);
    let file = |name: &str, bytes| Part::leaf(name, bytes, Kind::File);
    let mut image = Part::whole(
        "image face-detect",
        vec![
            packed(
                Part::whole(
                    "shared libraries of the build machine's glibc",
                    vec![
                        file("lib64/libc.so.6", 2_003_400),
                        file("lib64/libm.so.6", 911_900),
                        file("lib64/ld-linux-x86-64.so.2", 210_968),
                    ],
                ),
                47,
            ),
            packed(
                Part::whole(
                    "the function face-detect and licences",
                    vec![
                        file("var/runtime/bootstrap", bootstrap.bytes),
                        file("usr/share/licenses/face-detect.txt", 230_400),
                    ],
                ),
                48,
            ),
        ],
    );
    image.packed = Some(image.parts.iter().filter_map(|layer| layer.packed).sum());
    let zip = packed(
        Part::whole(
            "zip face-detect",
            vec![packed(file("bootstrap", bootstrap.bytes), 48)],
        ),
        48,
    );
    Report {
        architecture: "x86_64".into(),
        revision: Some(if earlier { "4bcd2c3" } else { "6a1f0e2+" }.into()),
        artefacts: vec![bootstrap, libraries, image, zip],
    }
}

fn packed(part: Part, hundredths: u64) -> Part {
    Part {
        packed: Some(part.bytes * hundredths / 100),
        ..part
    }
}

fn libraries(earlier: bool) -> Part {
    let mut numbers = Numbers(11);
    let names = [
        "core",
        "imgproc",
        "imgcodecs",
        "objdetect",
        "jpeg-turbo",
        "png",
        "webp",
        "zlib",
    ];
    let libraries = names.iter().enumerate().map(|(at, name)| {
        let members = (0..12).map(|member| {
            let bytes = 2_000 + numbers.below(900_000 / (at as u64 + 1));
            let bytes = if earlier && numbers.below(9) == 0 {
                bytes * 11 / 10
            } else {
                bytes
            };
            Part {
                linked: Some(bytes * numbers.below(60) / 100),
                ..Part::leaf(format!("member{member}.c.o"), bytes, Kind::File)
            }
        });
        let whole = Part::whole(format!("libopencv_{name}.a"), members.collect());
        let linked = whole.parts.iter().filter_map(|member| member.linked).sum();
        Part {
            linked: Some(linked),
            ..whole
        }
    });
    Part::whole("static libraries", libraries.collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio is shown with two digits"
)]
fn peers(bootstrap: u64, image: u64) -> Vec<Peer> {
    let unpacked = Measure::Unpacked;
    [
        (
            "the Python image of the same function",
            712_000_000,
            unpacked,
            "image face-detect",
            image,
        ),
        (
            "opencv-python-headless with numpy",
            64_400_000,
            Measure::Packed,
            "bootstrap",
            bootstrap,
        ),
        (
            "a static binary of gocv",
            62_000_000,
            unpacked,
            "bootstrap",
            bootstrap,
        ),
        (
            "a layer for Node",
            159_000_000,
            unpacked,
            "bootstrap",
            bootstrap,
        ),
    ]
    .map(|(name, bytes, measure, artefact, ours)| Peer {
        name: name.into(),
        bytes,
        measure,
        source: "measured when the project began".into(),
        artefact: artefact.into(),
        ours,
        ratio: bytes as f64 / ours as f64,
    })
    .to_vec()
}

fn budgets(bootstrap: u64, image: u64) -> Vec<Budget> {
    let budget = |artefact: &str, measure, most, bytes| Budget {
        artefact: artefact.into(),
        measure,
        most,
        bytes,
    };
    vec![
        budget("bootstrap", Measure::Unpacked, 7_000_000, bootstrap),
        budget("image face-detect", Measure::Unpacked, 12_000_000, image),
        budget(
            "zip face-detect",
            Measure::Packed,
            2_400_000,
            bootstrap * 48 / 100,
        ),
    ]
}

fn history() -> Vec<Milestone> {
    [
        ("before anything was done", 13_310_000, 5_290_000),
        (
            "the five cascades are packed and JSON",
            10_310_000,
            5_040_000,
        ),
        (
            "Rust for size, but for what reads and codes many bytes",
            9_260_000,
            4_570_000,
        ),
        ("three checksums instead of fifty", 8_490_000, 3_880_000),
        ("cvtColor is only what is called", 8_020_000, 3_700_000),
        ("nothing that writes WebP", 7_780_000, 3_570_000),
        (
            "no exception tables of what the linker drops",
            7_560_000,
            3_480_000,
        ),
    ]
    .map(|(what, unpacked, packed)| Milestone {
        what: what.into(),
        unpacked,
        packed,
    })
    .to_vec()
}

fn baseline(our_bootstrap: u64) -> Baseline {
    let module = |name: &str, library, our_library, binary, our_binary| BaselineModule {
        name: name.into(),
        library,
        our_library,
        binary,
        our_binary,
        seconds: 31.5,
        our_seconds: if our_library == 0 { 0.0 } else { 24.0 },
    };
    Baseline {
        what: "OpenCV 4.5.5 with all modules that it builds by default".into(),
        bootstrap: our_bootstrap * 3,
        seconds: 1_840.0,
        our_seconds: 301.0,
        modules: vec![
            module("dnn", 14_800_000, 0, 6_900_000, 0),
            module("imgproc", 9_100_000, 7_900_000, 1_400_000, 620_000),
            module("gapi", 8_700_000, 0, 1_200_000, 0),
            module("libprotobuf", 5_200_000, 0, 2_100_000, 0),
            module("core", 5_100_000, 4_800_000, 800_000, 540_000),
            module("calib3d", 4_400_000, 0, 900_000, 0),
        ],
        missing: vec![
            "dnn: the function finds faces by cascades".into(),
            "calib3d: objdetect is built without what needs it".into(),
        ],
    }
}

fn ablation() -> Vec<Ablation> {
    [
        ("codec png", 310_000, 190_000, 88_000),
        ("codec webp", 620_000, 160_000, 79_000),
        ("dispatch AVX2", 2_400_000, 380_000, 120_000),
        ("dispatch SSE4_2", 190_000, -1_200, 400),
    ]
    .map(|(feature, libraries, binary, packed)| Ablation {
        feature: feature.into(),
        libraries,
        binary,
        packed,
    })
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_each_time_and_its_sums_are_right() {
        let (one, other) = (document(), document());
        assert_eq!(one.report, other.report);
        let artefacts = one.report.artefacts.iter();
        for artefact in artefacts.chain(&one.before.unwrap().report.artefacts) {
            artefact.check().unwrap();
        }
        fn leaves(part: &Part) -> usize {
            part.parts.iter().map(leaves).sum::<usize>().max(1)
        }
        let count: usize = one.report.artefacts.iter().map(leaves).sum();
        assert!((3_000..8_000).contains(&count), "{count}");
    }
}
