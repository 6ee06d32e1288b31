//! Detection takes at most the estimated memory. Each photo gets its own process, which prints its peak.

use std::process::Command;

use harness::machine::peak_memory;
use harness::testing::jpeg::{TYPICAL as JPEG, Variant as Jpeg, file as jpeg};
use harness::testing::png::{TYPICAL as PNG, Variant as Png};

use super::*;

/// Environment variables that pass the photo and the preset to the process.
const FILE_VARIABLE: &str = "FACE_DETECT_TEST_FILE";
const PRESET_VARIABLE: &str = "FACE_DETECT_TEST_PRESET";
/// The process prints this before its peak.
const PEAK_PREFIX: &str = "peak in kB: ";

const PRESETS: [Preset; 3] = [Preset::Original, Preset::Balanced, Preset::Accurate];

/// With orientation 6 the image is in memory twice.
fn with_orientation_6(file: &[u8]) -> Vec<u8> {
    let named = [b"Exif\0\0", &exif_block(6)[..]].concat();
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
        let mat_type = opencv::core::CV_MAKETYPE(opencv::core::CV_8U, channels);
        let zero = opencv::core::Scalar::all(0.0);
        let mut image = Mat::new_rows_cols_with_default(2000, 3000, mat_type, zero).unwrap();
        opencv::core::randu(&mut image, &zero, &opencv::core::Scalar::all(255.0)).unwrap();
        image
    };
    let webp = |channels, quality| {
        let mut file = Vector::<u8>::new();
        let parameters = Vector::from_slice(&[imgcodecs::IMWRITE_WEBP_QUALITY, quality]);
        imgcodecs::imencode(".webp", &noise(channels), &mut file, &parameters).unwrap();
        file.to_vec()
    };
    vec![
        ("JPEG", jpeg(large)),
        ("rotated JPEG", with_orientation_6(&jpeg(large))),
        ("grey JPEG", jpeg(Jpeg { channels: 1, ..fine })),
        (
            "progressive JPEG",
            jpeg(Jpeg {
                progressive: 1,
                ..large
            }),
        ),
        ("fine progressive JPEG", jpeg(Jpeg { progressive: 1, ..fine })),
        (
            "progressive CMYK",
            jpeg(Jpeg {
                progressive: 1,
                channels: 4,
                untransformed_colours: 1,
                ..fine
            }),
        ),
        (
            "non-interleaved JPEG",
            jpeg(Jpeg {
                non_interleaved: 1,
                ..large
            }),
        ),
        ("PNG", png.file(b"", b"")),
        (
            "16-bit PNG",
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
        ("lossless WebP", webp(3, 101)),
        ("lossless WebP with alpha", webp(4, 101)),
    ]
}

#[test]
fn no_photo_exceeds_the_estimated_memory() {
    let _guard = lock_opencv_globals();
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in photos() {
        let path = folder.path().join("photo");
        fs::write(&path, &file).unwrap();
        let header = Header::read(&file).unwrap();
        for (number, preset) in PRESETS.into_iter().enumerate() {
            let estimated = peak_memory(&header, &preset.options());
            let mut process = Command::new(env::current_exe().unwrap());
            process.args(["--exact", "--ignored", "--nocapture"]);
            process.arg("face_function::tests::memory::measure_one_photo");
            process
                .env(FILE_VARIABLE, &path)
                .env(PRESET_VARIABLE, number.to_string());
            let output = process.output().unwrap();
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            let peak = stdout
                .split_once(PEAK_PREFIX)
                .unwrap_or_else(|| panic!("{name}: {output:?}"))
                .1;
            let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
            let (peak, estimated) = (peak >> 10, estimated >> 20);
            println!("{name}, {number}: {peak} of {estimated} MB");
            assert!(peak <= estimated, "{name}, {number}: {peak} of {estimated} MB");
        }
    }
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn measure_one_photo() {
    let Some(path) = env::var_os(FILE_VARIABLE) else {
        return;
    };
    let preset = env::var(PRESET_VARIABLE).unwrap().parse::<usize>().unwrap();
    let file = fs::read(path).unwrap();
    let header = Header::read(&file).unwrap();
    let task = task(PRESETS[preset].options(), Some(100));
    let found = processor(2).process(&file, &header, &task).unwrap();
    assert!(found.pictures[0].content.is_ok() || found.width > 65_500);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{PEAK_PREFIX}{}", peak.trim());
}
