//! Malicious files: small ones that take much time or memory to decode, and corrupt ones. Each gets a response within a
//! second and the function's memory, and the photo after it gets its usual response.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::FilterType::Triangle;
use image::imageops::{crop_imm, resize};
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use super::crafted_files::{jpeg, png, tiff, webp};
use super::file_test_runner::{self, ExpectedOutcome, FileCase, Transport};
use super::photo_variants::{self, NamedFile};
use package::workspace::Workspace;

const PROMISE: &str = "no file takes more than a second or the memory, or affects the next photo";

/// The number of corrupt files of each format, without and with `--slow`.
const BROKEN_FILES: (usize, usize) = (8, 100);

/// How to send photos of many small faces: each detector finds them. The default preset would scale them down.
const MANY_FACES: &[Transport] = &[Transport::MostFaces, Transport::Annotated];

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function, (slow, seed): (bool, u64)) -> Result<()> {
    let photo = image::open(function.package.sample_photo()?)?.to_rgb8();
    let picture = crop_imm(&photo, 0, 0, 512, 400).to_image();
    let good = photo_variants::valid_files(&picture)?;
    let mut cases = reported_cases(&workspace.root().join("../shared/cases/hostile"))?;
    let reported = cases.len();
    cases.extend(pngs(&good)?);
    cases.extend(jpegs(&good)?);
    cases.extend(webps(&good)?);
    cases.extend(mosaics(&photo)?);
    let broken = if slow { BROKEN_FILES.1 } else { BROKEN_FILES.0 };
    print_status(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    for name in ["baseline.jpg", "progressive.jpg", "palette.png", "lossless.webp"] {
        let file = find_file(&good, name)?;
        cases.extend((0..broken).map(|number| {
            let name = format!("corrupt {number} {name}");
            let right = ExpectedOutcome::FacesOrRejected(0..=100);
            FileCase::new(name, corrupt(file, &mut random), right).via(&[Transport::Json])
        }));
    }
    let how = format!(
        "{reported} files of reports and {} similar ones, over HTTP and through S3",
        cases.len() - reported
    );
    let good = find_file(&good, "plain.png")?;
    file_test_runner::test(workspace, (sdk, function), PROMISE, &how, good, &cases)
}

/// The files of reports, if they exist.
fn reported_cases(folder: &Path) -> Result<Vec<FileCase>> {
    if !folder.is_dir() {
        print_status(&format!(
            "skipped: the files of reports are missing: `{}`",
            folder.display()
        ));
        return Ok(Vec::new());
    }
    let case = |name: &str, right| -> Result<FileCase> {
        let path = folder.join(name);
        let file = fs::read(&path)?;
        Ok(FileCase::new(name, file, right))
    };
    Ok(vec![
        case(
            "webp-cve-2023-4863-crash.webp",
            ExpectedOutcome::Rejected(&["PhotoDamaged"]),
        )?,
        case("png-ztxt-100x8MB.png", ExpectedOutcome::FacesOrRejected(0..=0))?.with_limits(1000, 100),
        case("png-exif-1MB-6000-entries.png", ExpectedOutcome::FacesOrRejected(0..=1))?.with_limits(50, 512),
        case("jpeg-2000-scans-4000x3000.jpg", ExpectedOutcome::Rejected(&[]))?.with_limits(100, 512),
        case("faces-32-1600x1600.png", ExpectedOutcome::Faces(1000..=10_000))?.via(MANY_FACES),
    ])
}

fn pngs(good: &[NamedFile]) -> Result<Vec<FileCase>> {
    let photo = find_file(good, "plain.png")?;
    let blank = png::blank((64, 64), png::Pixels::Colour, 8, false)?;
    let text = png::compressed_chunk(b"zTXt", 8_000_000)?;
    let small = png::chunk(b"tEXt", b"a\0b");
    let face = |name: &str, file| FileCase::new(name, file, ExpectedOutcome::ControlFace).with_limits(1000, 200);
    let exif = |entries| png::chunk(b"eXIf", &tiff::with_entries(entries, 1));
    let mut cases = vec![
        face("200 zTXt first.png", png::insert_after_header(photo, &text.repeat(200))),
        face("200 zTXt last.png", png::insert_before_end(photo, &text.repeat(200))),
        face(
            "iTXt of 400 MB.png",
            png::insert_after_header(photo, &png::compressed_chunk(b"iTXt", 400_000_000)?),
        ),
        face(
            "iCCP of 400 MB.png",
            png::insert_after_header(photo, &png::compressed_chunk(b"iCCP", 400_000_000)?),
        ),
        face(
            "100 iCCP.png",
            png::insert_after_header(photo, &png::compressed_chunk(b"iCCP", 8_000_000)?.repeat(100)),
        ),
        face(
            "100,000 tEXt.png",
            png::insert_after_header(photo, &small.repeat(100_000)),
        ),
        face(
            "self-referencing EXIF.png",
            png::insert_after_header(photo, &png::chunk(b"eXIf", &tiff::self_referencing(1))),
        ),
        FileCase::new(
            "a thousand EXIF chunks.png",
            png::insert_before_end(&blank, &exif(400).repeat(1000)),
            ExpectedOutcome::FacesOrRejected(0..=0),
        )
        .with_limits(50, 200),
    ];
    for entries in [5000, 20_000, 65_535] {
        for (place, file) in [
            ("first", png::insert_after_header(&blank, &exif(entries))),
            ("last", png::insert_before_end(&blank, &exif(entries))),
        ] {
            let name = format!("EXIF of {entries} entries {place}.png");
            cases.push(FileCase::new(name, file, ExpectedOutcome::FacesOrRejected(0..=0)).with_limits(50, 200));
        }
    }
    Ok(cases)
}

fn jpegs(good: &[NamedFile]) -> Result<Vec<FileCase>> {
    let photo = find_file(good, "baseline.jpg")?;
    let mut cases = vec![
        FileCase::new(
            "60 profiles.jpg",
            jpeg::insert_after_header(photo, &vec![jpeg::app_segment(2, &[7; 65_000]); 60]),
            ExpectedOutcome::ControlFace,
        ),
        FileCase::new(
            "100,000 APP13 segments.jpg",
            jpeg::insert_after_header(photo, &vec![jpeg::app_segment(13, b"x"); 100_000]),
            ExpectedOutcome::ControlFace,
        ),
        FileCase::new(
            "a million fill bytes.jpg",
            jpeg::insert_after_header(photo, &[vec![0xff; 1_000_000]]),
            ExpectedOutcome::FacesOrRejected(1..=1),
        ),
        FileCase::new(
            "EXIF of 5,000 entries.jpg",
            jpeg::insert_after_header(photo, &[jpeg::exif(&tiff::with_entries(5000, 1))]),
            ExpectedOutcome::ControlFace,
        ),
        FileCase::new(
            "50 times EXIF of 5,000 entries.jpg",
            jpeg::insert_after_header(photo, &vec![jpeg::exif(&tiff::with_entries(5000, 1)); 50]),
            ExpectedOutcome::FacesOrRejected(1..=1),
        ),
    ];
    // At the limit for decoding, or above it.
    for scans in [100, 200, 340] {
        let name = format!("{scans} scans of 4000x3000.jpg");
        let file = jpeg::progressive((4000, 3000), 1, scans);
        cases.push(FileCase::new(name, file, ExpectedOutcome::FacesOrRejected(0..=0)));
    }
    for (size, colours, scans) in [
        ((4000, 3000), 1, 500),
        ((4000, 3000), 1, 20_000),
        ((3000, 2000), 3, 3000),
        ((8000, 6000), 1, 400),
        ((2000, 2000), 4, 10_000),
    ] {
        let (width, height) = size;
        cases.push(
            FileCase::new(
                format!("{scans} scans of {width}x{height} with {colours} components.jpg"),
                jpeg::progressive(size, colours, scans),
                ExpectedOutcome::Rejected(&[]),
            )
            .with_limits(100, 200),
        );
    }
    Ok(cases)
}

fn webps(good: &[NamedFile]) -> Result<Vec<FileCase>> {
    let photo = find_file(good, "lossless.webp")?;
    let size = (512, 400);
    Ok(vec![
        FileCase::new(
            "blank of 98 megapixels.webp",
            webp::blank(16_383, 6000),
            ExpectedOutcome::FacesOrRejected(0..=0),
        ),
        FileCase::new(
            "EXIF of 65,535 entries.webp",
            webp::with_exif(photo, size, &tiff::with_entries(65_535, 1)),
            ExpectedOutcome::FacesOrRejected(1..=1),
        ),
        FileCase::new(
            "self-referencing EXIF.webp",
            webp::with_exif(photo, size, &tiff::self_referencing(1)),
            ExpectedOutcome::ControlFace,
        ),
    ])
}

/// Images filled with copies of one face.
fn mosaics(photo: &RgbImage) -> Result<Vec<FileCase>> {
    let mut cases = Vec::new();
    for (side, (width, height), least) in [
        (32, (1600, 1600), 500),
        (40, (1600, 1200), 300),
        (64, (1600, 1600), 150),
    ] {
        let file = mosaic(photo, side, (width, height))?;
        let name = format!("faces of {side} in {width}x{height}.png");
        cases.push(FileCase::new(name, file, ExpectedOutcome::Faces(least..=20_000)).via(MANY_FACES));
    }
    Ok(cases)
}

/// A small PNG file, filled with copies of a sample's face with `side` pixels a side.
pub fn mosaic(photo: &RgbImage, side: u32, (width, height): (u32, u32)) -> Result<Vec<u8>> {
    let face = crop_imm(photo, 166, 55, 117, 117).to_image();
    let tile = resize(&face, side, side, Triangle);
    let mosaic = RgbImage::from_fn(width, height, |x, y| *tile.get_pixel(x % side, y % side));
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::NoFilter);
    mosaic.write_with_encoder(encoder)?;
    Ok(file)
}

/// Changes, removes and duplicates random bytes.
fn corrupt(file: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..random.usize(1..12) {
        // Most checks are of the headers.
        let most = if random.bool() { 200 } else { file.len() };
        let at = random.usize(12..most.min(file.len()));
        match random.u8(0..8) {
            0 => drop(file.splice(at..at + 1, [])),
            1 => {
                let end = file.len().min(at + random.usize(1..64));
                let part = file[at..end].to_vec();
                drop(file.splice(at..at, part));
            }
            _ => file[at] = random.u8(..),
        }
    }
    file
}

pub fn find_file<'a>(files: &'a [NamedFile], name: &str) -> Result<&'a [u8]> {
    let found = files.iter().find(|(known, _)| known == name);
    let (_, file) = found.with_context(|| format!("there is no `{name}`"))?;
    Ok(file)
}
