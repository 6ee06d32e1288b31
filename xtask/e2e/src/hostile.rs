//! Files that are made to hurt: small ones that take long or much memory to decode, and broken
//! ones. Each has its answer in under a second, within the function's memory, and the photo after it
//! is answered as always.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::FilterType::Triangle;
use image::imageops::{crop_imm, resize};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::tell;

use super::cases::{self, Case, Right, Way};
use super::craft::{jpeg, png, tiff, webp};
use super::variants::{self, Named};
use package::workspace::Workspace;

const PROMISE: &str =
    "no file takes longer than a second, more than the memory, or the next photo along";

/// How many broken files of each format, and how many with `--slow`.
const BROKEN: (usize, usize) = (8, 100);

/// Tries those that are beside the project, and those made here.
pub fn test(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    (slow, seed): (bool, u64),
) -> Result<()> {
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    let picture = crop_imm(&photo, 0, 112, 512, 400).to_image();
    let good = variants::good(&picture)?;
    let mut cases = beside(&workspace.root().join("../shared/cases/hostile"))?;
    let beside = cases.len();
    cases.extend(pngs(&good)?);
    cases.extend(jpegs(&good)?);
    cases.extend(webps(&good)?);
    cases.extend(mosaics(&photo)?);
    let broken = if slow { BROKEN.1 } else { BROKEN.0 };
    tell(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    for name in [
        "baseline.jpg",
        "progressive.jpg",
        "palette.png",
        "lossless.webp",
    ] {
        let file = named(&good, name)?;
        cases.extend((0..broken).map(|number| {
            let name = format!("broken {number} {name}");
            let right = Right::FacesOrRefused(0..=100);
            Case::new(name, damaged(file, &mut random), right).by(&[Way::Json])
        }));
    }
    let how = format!(
        "{beside} files of reports and {} of their kinds, over HTTP and through S3",
        cases.len() - beside
    );
    let good = named(&good, "plain.png")?;
    cases::test(workspace, (sdk, binary), PROMISE, &how, good, &cases)
}

/// The files of reports, if they are there.
fn beside(folder: &Path) -> Result<Vec<Case>> {
    if !folder.is_dir() {
        tell("skipped: the hostile files of reports are not beside the project");
        return Ok(Vec::new());
    }
    let case = |name: &str, right| -> Result<Case> {
        let path = folder.join(name);
        let file = fs::read(&path)?;
        Ok(Case::new(name, file, right))
    };
    Ok(vec![
        case(
            "webp-cve-2023-4863-crash.webp",
            Right::Refused(&["PhotoDamaged"]),
        )?,
        case("png-ztxt-100x8MB.png", Right::FacesOrRefused(0..=0))?.within(1000, 100),
        case(
            "png-exif-1MB-6000-entries.png",
            Right::FacesOrRefused(0..=1),
        )?
        .within(50, 512),
        case("jpeg-2000-scans-4000x3000.jpg", Right::Refused(&[]))?.within(100, 512),
        case("faces-32-1600x1600.png", Right::Faces(1000..=10_000))?,
    ])
}

fn pngs(good: &[Named]) -> Result<Vec<Case>> {
    let photo = named(good, "plain.png")?;
    let blank = png::blank((64, 64), png::Pixels::Colour, 8, false)?;
    let text = png::packed(b"zTXt", 8_000_000)?;
    let small = png::chunk(b"tEXt", b"a\0b");
    let face = |name: &str, file| Case::new(name, file, Right::TheFace).within(1000, 200);
    let note = |entries| png::chunk(b"eXIf", &tiff::entries(entries, 1));
    let mut cases = vec![
        face(
            "200 zTXt first.png",
            png::with_first(photo, &text.repeat(200)),
        ),
        face(
            "200 zTXt last.png",
            png::with_last(photo, &text.repeat(200)),
        ),
        face(
            "iTXt of 400 MB.png",
            png::with_first(photo, &png::packed(b"iTXt", 400_000_000)?),
        ),
        face(
            "iCCP of 400 MB.png",
            png::with_first(photo, &png::packed(b"iCCP", 400_000_000)?),
        ),
        face(
            "100 iCCP.png",
            png::with_first(photo, &png::packed(b"iCCP", 8_000_000)?.repeat(100)),
        ),
        face(
            "100,000 tEXt.png",
            png::with_first(photo, &small.repeat(100_000)),
        ),
        face(
            "a note that is its own next one.png",
            png::with_first(photo, &png::chunk(b"eXIf", &tiff::endless(1))),
        ),
        Case::new(
            "a thousand notes.png",
            png::with_last(&blank, &note(400).repeat(1000)),
            Right::FacesOrRefused(0..=0),
        )
        .within(50, 200),
    ];
    for entries in [5000, 20_000, 65_535] {
        for (place, file) in [
            ("first", png::with_first(&blank, &note(entries))),
            ("last", png::with_last(&blank, &note(entries))),
        ] {
            let name = format!("a note of {entries} entries {place}.png");
            cases.push(Case::new(name, file, Right::FacesOrRefused(0..=0)).within(50, 200));
        }
    }
    Ok(cases)
}

fn jpegs(good: &[Named]) -> Result<Vec<Case>> {
    let photo = named(good, "baseline.jpg")?;
    let mut cases = vec![
        Case::new(
            "90 profiles.jpg",
            jpeg::with_first(photo, &vec![jpeg::application(2, &[7; 65_000]); 60]),
            Right::TheFace,
        ),
        Case::new(
            "100,000 applications.jpg",
            jpeg::with_first(photo, &vec![jpeg::application(13, b"x"); 100_000]),
            Right::TheFace,
        ),
        Case::new(
            "a million fill bytes.jpg",
            jpeg::with_first(photo, &[vec![0xff; 1_000_000]]),
            Right::FacesOrRefused(1..=1),
        ),
        Case::new(
            "a note of 5,000 entries.jpg",
            jpeg::with_first(photo, &[jpeg::exif(&tiff::entries(5000, 1))]),
            Right::TheFace,
        ),
        Case::new(
            "50 notes of 5,000 entries.jpg",
            jpeg::with_first(photo, &vec![jpeg::exif(&tiff::entries(5000, 1)); 50]),
            Right::FacesOrRefused(1..=1),
        ),
    ];
    // As much as may be decoded, or more.
    for scans in [100, 200, 340] {
        let name = format!("{scans} scans of 4000x3000.jpg");
        let file = jpeg::scans((4000, 3000), 1, scans);
        cases.push(Case::new(name, file, Right::FacesOrRefused(0..=0)));
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
            Case::new(
                format!("{scans} scans of {width}x{height} in {colours} colours.jpg"),
                jpeg::scans(size, colours, scans),
                Right::Refused(&[]),
            )
            .within(100, 200),
        );
    }
    Ok(cases)
}

fn webps(good: &[Named]) -> Result<Vec<Case>> {
    let photo = named(good, "lossless.webp")?;
    let size = (512, 400);
    Ok(vec![
        Case::new(
            "blank of 98 megapixels.webp",
            webp::blank(16_383, 6000),
            Right::FacesOrRefused(0..=0),
        ),
        Case::new(
            "a note of 65,535 entries.webp",
            webp::with_exif(photo, size, &tiff::entries(65_535, 1)),
            Right::FacesOrRefused(1..=1),
        ),
        Case::new(
            "a note that is its own next one.webp",
            webp::with_exif(photo, size, &tiff::endless(1)),
            Right::TheFace,
        ),
    ])
}

/// Pictures that are full of one face.
fn mosaics(photo: &RgbImage) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (side, (width, height), least) in [
        (32, (1600, 1600), 500),
        (40, (1600, 1200), 300),
        (64, (1600, 1600), 150),
    ] {
        let file = mosaic(photo, side, (width, height))?;
        let name = format!("faces of {side} in {width}x{height}.png");
        cases.push(Case::new(name, file, Right::Faces(least..=20_000)));
    }
    Ok(cases)
}

/// The face of a sample, again and again, in few bytes.
pub fn mosaic(photo: &RgbImage, side: u32, (width, height): (u32, u32)) -> Result<Vec<u8>> {
    let face = crop_imm(photo, 199, 183, 209, 209).to_image();
    let tile = resize(&face, side, side, Triangle);
    let mosaic = RgbImage::from_fn(width, height, |x, y| *tile.get_pixel(x % side, y % side));
    let mut file = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::NoFilter);
    mosaic.write_with_encoder(encoder)?;
    Ok(file)
}

/// A file with some bytes changed, left out, or in it twice.
fn damaged(file: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..random.usize(1..12) {
        // What comes first decides most.
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

/// The file of that name.
pub fn named<'a>(files: &'a [Named], name: &str) -> Result<&'a [u8]> {
    let found = files.iter().find(|(known, _)| known == name);
    let (_, file) = found.with_context(|| format!("there is no `{name}`"))?;
    Ok(file)
}
