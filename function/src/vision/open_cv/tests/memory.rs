//! What looking at a photo takes is at most what is asked for before it. Each photo has a process of its own, which says what
//! it took at its peak.

use std::process::Command;

use super::*;
use crate::machine::needs;
use crate::photo::decode::jpeg::tests::kinds::{COMMON as JPEG, Kind as Jpeg, file as jpeg};
use crate::photo::decode::png::tests::kinds::{COMMON as PNG, Kind as Png};

/// The variables that tell the process which photo it is for, and which preset.
const FILE: &str = "FACE_DETECT_TEST_FILE";
const PRESET: &str = "FACE_DETECT_TEST_PRESET";
/// What it says its peak after.
const SAYS: &str = "peak in kB: ";

const PRESETS: [Preset; 2] = [Preset::Original, Preset::Balanced];

/// With orientation 6 the picture is there twice.
fn on_its_side(file: &[u8]) -> Vec<u8> {
    let named = [b"Exif\0\0", &block(6)[..]].concat();
    let length = u16::try_from(named.len() + 2).unwrap().to_be_bytes();
    [&file[..2], b"\xff\xe1", &length, &named, &file[2..]].concat()
}

fn photos() -> Vec<(&'static str, Vec<u8>)> {
    let large = Jpeg {
        width: 3000,
        height: 2000,
        ..JPEG
    };
    let fine = Jpeg {
        horizontal: 1,
        vertical: 1,
        ..large
    };
    let png = Png {
        width: 2000,
        height: 1500,
        ..PNG
    };
    let noise = |channels| {
        let kind = opencv::core::CV_MAKETYPE(opencv::core::CV_8U, channels);
        let zero = opencv::core::Scalar::all(0.0);
        let mut picture = Mat::new_rows_cols_with_default(2000, 3000, kind, zero).unwrap();
        opencv::core::randu(&mut picture, &zero, &opencv::core::Scalar::all(255.0)).unwrap();
        picture
    };
    let webp = |channels, quality| {
        let mut file = Vector::<u8>::new();
        let parameters = Vector::from_slice(&[imgcodecs::IMWRITE_WEBP_QUALITY, quality]);
        imgcodecs::imencode(".webp", &noise(channels), &mut file, &parameters).unwrap();
        file.to_vec()
    };
    vec![
        ("JPEG", jpeg(large)),
        ("JPEG on its side", on_its_side(&jpeg(large))),
        (
            "JPEG without colours",
            jpeg(Jpeg {
                channels: 1,
                ..fine
            }),
        ),
        (
            "progressive JPEG",
            jpeg(Jpeg {
                progressive: 1,
                ..large
            }),
        ),
        (
            "fine progressive JPEG",
            jpeg(Jpeg {
                progressive: 1,
                ..fine
            }),
        ),
        (
            "progressive CMYK",
            jpeg(Jpeg {
                progressive: 1,
                channels: 4,
                plain: 1,
                ..fine
            }),
        ),
        (
            "one component a scan",
            jpeg(Jpeg {
                one_component_a_scan: 1,
                ..large
            }),
        ),
        ("PNG", png.file(b"", b"")),
        (
            "PNG of 16 bits",
            Png {
                depth: 16,
                colour: 6,
                ..png
            }
            .file(b"", b""),
        ),
        (
            "interlaced PNG",
            Png {
                interlaced: true,
                ..png
            }
            .file(b"", b""),
        ),
        (
            "PNG with one row",
            Png {
                width: 3_000_000,
                height: 1,
                depth: 16,
                ..png
            }
            .file(b"", b""),
        ),
        ("WebP", webp(3, 80)),
        ("WebP without losses", webp(3, 101)),
        ("WebP with opacity", webp(4, 101)),
    ]
}

#[test]
fn no_photo_takes_more_than_was_asked_for() {
    let _alone = crate::vision::alone();
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in photos() {
        let path = folder.path().join("photo");
        fs::write(&path, &file).unwrap();
        let header = Header::read(&file).unwrap();
        for (number, preset) in PRESETS.into_iter().enumerate() {
            let asked = needs(&header, &preset.options().detection);
            let mut process = Command::new(env::current_exe().unwrap());
            process.args(["--exact", "--ignored", "--nocapture"]);
            process.arg("vision::open_cv::tests::memory::one_photo");
            process.env(FILE, &path).env(PRESET, number.to_string());
            let output = process.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let peak = said
                .split_once(SAYS)
                .unwrap_or_else(|| panic!("{name}: {output:?}"))
                .1;
            let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
            let (peak, asked) = (peak >> 10, asked >> 20);
            println!("{name}, {number}: {peak} of {asked} MB");
            assert!(peak <= asked, "{name}, {number}: {peak} of {asked} MB");
        }
    }
}

#[test]
#[ignore = "it is a part of the test above"]
fn one_photo() {
    let Some(path) = env::var_os(FILE) else {
        return;
    };
    let preset = env::var(PRESET).unwrap().parse::<usize>().unwrap();
    let file = fs::read(path).unwrap();
    let header = Header::read(&file).unwrap();
    let task = Task {
        detection: PRESETS[preset].options().detection,
        annotate: Some(100),
        watch: watch(),
    };
    let seen = OpenCv::new(Some(2), false)
        .unwrap()
        .look(&file, &header, &task)
        .unwrap();
    assert!(
        seen.annotated
            .is_some_and(|annotated| annotated.is_ok() || seen.width > 65_500)
    );
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    println!("{SAYS}{}", peak.trim());
}
