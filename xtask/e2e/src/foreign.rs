//! Photos as other people's tools, phones and clouds write them: orientations in every place where
//! they are found, files without an end, pictures that are higher than a JPEG may be, and kinds that
//! are not supported.

use anyhow::Result;
use fs_err as fs;
use image::{DynamicImage, ImageFormat, imageops};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::tell;

use super::cases::{self, Case, Right, Way};
use super::craft::{jpeg, png, tiff, webp};
use super::hostile::named;
use super::variants::{self, Named, encoded};
use package::workspace::Workspace;

const PROMISE: &str =
    "photos of other people's tools have their faces, or an error that names what is wrong";

/// By HTTP and from S3, without the annotated photo.
const WITHOUT_PHOTO: &[Way] = &[Way::Json, Way::Sidecar];
/// With it.
const WITH_PHOTO: &[Way] = &[Way::Jpeg, Way::Annotated];

/// Tries those that are beside the project, and those made here.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let of_reports = workspace.root().join("../shared/cases/photos");
    if of_reports.is_dir() {
        let read = |name: &str| Ok(fs::read(of_reports.join(name))?);
        let cases = beside(&read)?;
        let how = "files of reports, over HTTP and through S3";
        let good = read("upright.png")?;
        cases::test(workspace, (sdk, binary), PROMISE, how, &good, &cases)?;
    } else {
        tell("skipped: the photos of reports are not beside the project");
    }

    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    let picture = imageops::crop_imm(&photo, 0, 112, 512, 400).to_image();
    let good = variants::good(&picture)?;
    let mut cases = orientations(&DynamicImage::ImageRgb8(picture))?;
    cases.extend(ends(&good)?);
    cases.extend(other_kinds(&good)?);
    cases.extend(high()?);
    let how = "files of their kinds, over HTTP and through S3";
    let good = named(&good, "plain.png")?;
    cases::test(workspace, (sdk, binary), PROMISE, how, good, &cases)
}

fn beside(read: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Vec<Case>> {
    let case = |name: &str, right| Ok::<_, anyhow::Error>(Case::new(name, read(name)?, right));
    Ok(vec![
        case("exif-6-plain.jpg", Right::TheFace)?,
        case("exif-6-after-xmp.jpg", Right::TheFace)?,
        case("exif-6.webp", Right::TheFace)?,
        case("samsung-no-eoi-trailer.jpg", Right::TheFace)?,
        // Over HTTP it is scaled down to the longest side of the default preset, 12 pixels wide.
        case("512x66000.png", Right::Faces(0..=200))?.by(&[Way::Json]),
        case("512x66000.png", Right::Faces(1..=200))?.by(&[Way::Sidecar]),
        case("512x66000.png", Right::FacesWithoutPhoto(1..=200))?.by(WITH_PHOTO),
        case("12-bit.jpg", Right::Refused(&["UnsupportedImage"]))?,
        case("scans-1000-of-14-megapixels.jpg", Right::Refused(&[]))?.within(100, 512),
    ])
}

/// The picture as it is stored by a camera that was held in each of eight ways, with the note in each
/// place.
fn orientations(picture: &DynamicImage) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for orientation in 1..=8 {
        let stored = variants::held(picture, orientation)?;
        let size = (stored.width(), stored.height());
        let photo = variants::jpeg(&stored, |_| Ok(()))?;
        let lossless = encoded(&stored, ImageFormat::WebP)?;
        let bitmap = encoded(&stored, ImageFormat::Png)?;
        let note = tiff::orientation(orientation, orientation % 2 == 0);
        let chunk = png::chunk(b"eXIf", &note);
        let text = png::chunk(b"zTXt", b"Comment\0\0what is packed here is broken");
        let files = [
            (
                "after XMP.jpg",
                jpeg::with_first(&photo, &[jpeg::xmp(), jpeg::exif(&note)]),
            ),
            (
                "after a broken profile.jpg",
                jpeg::with_first(
                    &photo,
                    &[
                        jpeg::application(2, b"ICC_PROFILE\0\x01\x01broken"),
                        jpeg::application(1, b"no name"),
                        jpeg::exif(&note),
                        jpeg::xmp(),
                    ],
                ),
            ),
            (
                "first.png",
                png::with_first(&bitmap, &[text.as_slice(), &chunk].concat()),
            ),
            ("last.png", png::with_last(&bitmap, &chunk)),
            ("note.webp", webp::with_exif(&lossless, size, &note)),
            (
                "named note.webp",
                webp::with_exif(&lossless, size, &[b"Exif\0\0", note.as_slice()].concat()),
            ),
        ];
        for (place, (name, file)) in files.into_iter().enumerate() {
            // Each place is tried by both ways, and each orientation too.
            let ways: &[Way] = if (usize::from(orientation) + place).is_multiple_of(2) {
                &[Way::Json]
            } else {
                &[Way::Annotated]
            };
            let name = format!("orientation {orientation} {name}");
            cases.push(Case::new(name, file, Right::TheFace).by(ways));
        }
    }
    Ok(cases)
}

/// Files whose end is missing.
fn ends(good: &[Named]) -> Result<Vec<Case>> {
    let photo = named(good, "baseline.jpg")?;
    let restarts = named(good, "restarts.jpg")?;
    let grey = named(good, "grey.jpg")?;
    let progressive = named(good, "progressive.jpg")?;
    let trailer = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\x6b\0\0\0SEFT";
    let binary: Vec<u8> = (0..4000_u32).map(|n| ((n * n) >> 3) as u8 & 0x7f).collect();
    let face = |name: &str, file| Case::new(name, file, Right::TheFace);
    let half = jpeg::with_end(&photo[..photo.len() / 2], trailer);
    Ok(vec![
        face("no end.jpg", jpeg::with_end(photo, b"")),
        face("no end and a trailer.jpg", jpeg::with_end(photo, trailer)),
        face("no end and binary data.jpg", jpeg::with_end(photo, &binary)),
        face(
            "no end with restarts.jpg",
            jpeg::with_end(restarts, trailer),
        ),
        face("no end in grey.jpg", jpeg::with_end(grey, trailer)),
        Case::new(
            "no end and progressive.jpg",
            jpeg::with_end(progressive, trailer),
            Right::FacesOrRefused(1..=1),
        ),
        Case::new("half and a trailer.jpg", half, Right::Refused(&[])),
    ])
}

/// Kinds of files that are not supported.
fn other_kinds(good: &[Named]) -> Result<Vec<Case>> {
    let photo = named(good, "baseline.jpg")?;
    let lossless = named(good, "lossless.webp")?;
    let mut cases = Vec::new();
    for (name, marker, bits) in [
        ("12 bits", 0xc1, 12),
        ("12 bits and progressive", 0xc2, 12),
        ("lossless", 0xc3, 8),
        ("hierarchical", 0xc5, 8),
        ("hierarchical and lossless", 0xc7, 16),
        ("arithmetic and 12 bits", 0xc9, 12),
        ("arithmetic, progressive and 12 bits", 0xca, 12),
        ("arithmetic and lossless", 0xcb, 8),
        ("JPEG-LS", 0xf7, 8),
    ] {
        cases.push(Case::new(
            format!("{name}.jpg"),
            jpeg::with_frame(photo, marker, bits),
            Right::Refused(&["UnsupportedImage"]),
        ));
    }
    let mut animated = webp::with_exif(lossless, (512, 400), b"");
    // The bit of an animation, in the flags of the extended header.
    animated[20] |= 0x02;
    cases.push(Case::new(
        "animated.webp",
        animated,
        Right::Refused(&["UnsupportedImage"]),
    ));
    Ok(cases)
}

/// Pictures that are higher or wider than a JPEG may be: they have their answers, and only the
/// annotated photo is refused.
fn high() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for size in [(40, 65_501), (40, 70_000), (90_000, 40)] {
        let file = png::blank(size, png::Pixels::Colour, 8, false)?;
        let name = format!("blank {}x{}.png", size.0, size.1);
        cases.push(Case::new(&name, file.clone(), Right::Faces(0..=0)).by(WITHOUT_PHOTO));
        cases.push(Case::new(&name, file, Right::FacesWithoutPhoto(0..=0)).by(WITH_PHOTO));
    }
    Ok(cases)
}
