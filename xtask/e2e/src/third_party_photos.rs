//! Photos as other tools, phones and cloud services write them: orientations in every possible position, files without
//! an end marker, images that are too high for JPEG, and unsupported formats.

use anyhow::Result;
use fs_err as fs;
use image::{DynamicImage, ImageFormat, imageops};
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use super::crafted_files::{jpeg, png, tiff, webp};
use super::file_test_runner::{self, ExpectedOutcome, FileCase, Transport};
use super::hostile_files::find_file;
use super::photo_variants::{self, NamedFile, encode};
use package::workspace::Workspace;

const PROMISE: &str = "photos from other tools get their faces, or an error with the cause";

/// Transports without the annotated photo.
const WITHOUT_PHOTO: &[Transport] = &[Transport::Json, Transport::Sidecar];
/// Transports with the annotated photo.
const WITH_PHOTO: &[Transport] = &[Transport::Jpeg, Transport::Annotated];

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let reported = workspace.root().join("../shared/cases/photos");
    if reported.is_dir() {
        let read = |name: &str| Ok(fs::read(reported.join(name))?);
        let cases = reported_cases(&read)?;
        let how = "files of reports, over HTTP and through S3";
        let good = read("upright.png")?;
        file_test_runner::test(workspace, (sdk, function), PROMISE, how, &good, &cases)?;
    } else {
        print_status(&format!(
            "skipped: the photos of reports are missing: `{}`",
            reported.display()
        ));
    }

    let photo = image::open(function.package.sample_photo()?)?.to_rgb8();
    let picture = imageops::crop_imm(&photo, 0, 0, 512, 400).to_image();
    let good = photo_variants::valid_files(&picture)?;
    let mut cases = orientations(&DynamicImage::ImageRgb8(picture))?;
    cases.extend(missing_ends(&good)?);
    cases.extend(unsupported_formats(&good)?);
    cases.extend(oversized()?);
    let how = "similar files, over HTTP and through S3";
    let good = find_file(&good, "plain.png")?;
    file_test_runner::test(workspace, (sdk, function), PROMISE, how, good, &cases)
}

fn reported_cases(read: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Vec<FileCase>> {
    let case = |name: &str, right| Ok::<_, anyhow::Error>(FileCase::new(name, read(name)?, right));
    Ok(vec![
        case("exif-6-plain.jpg", ExpectedOutcome::ControlFace)?,
        case("exif-6-after-xmp.jpg", ExpectedOutcome::ControlFace)?,
        case("exif-6.webp", ExpectedOutcome::ControlFace)?,
        case("samsung-no-eoi-trailer.jpg", ExpectedOutcome::ControlFace)?,
        // Over HTTP it is scaled down to the longest side of the default preset, a few pixels wide.
        case("512x66000.png", ExpectedOutcome::Faces(0..=200))?.via(&[Transport::Json]),
        case("512x66000.png", ExpectedOutcome::Faces(1..=200))?.via(&[Transport::Sidecar]),
        case("512x66000.png", ExpectedOutcome::FacesWithoutPhoto(1..=200))?.via(WITH_PHOTO),
        case("12-bit.jpg", ExpectedOutcome::Rejected(&["UnsupportedImage"]))?,
        case("scans-1000-of-14-megapixels.jpg", ExpectedOutcome::Rejected(&[]))?.with_limits(100, 512),
    ])
}

/// The image stored with each of the eight orientations, with the metadata in each possible position.
fn orientations(picture: &DynamicImage) -> Result<Vec<FileCase>> {
    let mut cases = Vec::new();
    for orientation in 1..=8 {
        let stored = photo_variants::rotated_by_orientation(picture, orientation)?;
        let size = (stored.width(), stored.height());
        let photo = photo_variants::jpeg(&stored, |_| Ok(()))?;
        let lossless = encode(&stored, ImageFormat::WebP)?;
        let bitmap = encode(&stored, ImageFormat::Png)?;
        let exif = tiff::orientation(orientation, orientation % 2 == 0);
        let chunk = png::chunk(b"eXIf", &exif);
        let text = png::chunk(b"zTXt", b"Comment\0\0this is not compressed data");
        let files = [
            (
                "after XMP.jpg",
                jpeg::insert_after_header(&photo, &[jpeg::xmp(), jpeg::exif(&exif)]),
            ),
            (
                "after a broken profile.jpg",
                jpeg::insert_after_header(
                    &photo,
                    &[
                        jpeg::app_segment(2, b"ICC_PROFILE\0\x01\x01broken"),
                        jpeg::app_segment(1, b"no name"),
                        jpeg::exif(&exif),
                        jpeg::xmp(),
                    ],
                ),
            ),
            (
                "first.png",
                png::insert_after_header(&bitmap, &[text.as_slice(), &chunk].concat()),
            ),
            ("last.png", png::insert_before_end(&bitmap, &chunk)),
            ("EXIF.webp", webp::with_exif(&lossless, size, &exif)),
            (
                "EXIF with a prefix.webp",
                webp::with_exif(&lossless, size, &[b"Exif\0\0", exif.as_slice()].concat()),
            ),
        ];
        for (position, (name, file)) in files.into_iter().enumerate() {
            // Each position and each orientation is tested with both transports.
            let transports: &[Transport] = if (usize::from(orientation) + position).is_multiple_of(2) {
                &[Transport::Json]
            } else {
                &[Transport::Annotated]
            };
            let name = format!("orientation {orientation} {name}");
            cases.push(FileCase::new(name, file, ExpectedOutcome::ControlFace).via(transports));
        }
    }
    Ok(cases)
}

/// Files without an end marker.
fn missing_ends(good: &[NamedFile]) -> Result<Vec<FileCase>> {
    let photo = find_file(good, "baseline.jpg")?;
    let restarts = find_file(good, "restarts.jpg")?;
    let grey = find_file(good, "grey.jpg")?;
    let progressive = find_file(good, "progressive.jpg")?;
    let trailer = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\x6b\0\0\0SEFT";
    let binary: Vec<u8> = (0..4000_u32).map(|n| ((n * n) >> 3).to_le_bytes()[0] & 0x7f).collect();
    let face = |name: &str, file| FileCase::new(name, file, ExpectedOutcome::ControlFace);
    let half = jpeg::replace_end_marker(&photo[..photo.len() / 2], trailer);
    Ok(vec![
        face("no end.jpg", jpeg::replace_end_marker(photo, b"")),
        face("no end and a trailer.jpg", jpeg::replace_end_marker(photo, trailer)),
        face("no end and binary data.jpg", jpeg::replace_end_marker(photo, &binary)),
        face("no end with restarts.jpg", jpeg::replace_end_marker(restarts, trailer)),
        face("no end in grey.jpg", jpeg::replace_end_marker(grey, trailer)),
        FileCase::new(
            "no end and progressive.jpg",
            jpeg::replace_end_marker(progressive, trailer),
            ExpectedOutcome::FacesOrRejected(1..=1),
        ),
        FileCase::new("half and a trailer.jpg", half, ExpectedOutcome::Rejected(&[])),
    ])
}

fn unsupported_formats(good: &[NamedFile]) -> Result<Vec<FileCase>> {
    let photo = find_file(good, "baseline.jpg")?;
    let lossless = find_file(good, "lossless.webp")?;
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
        cases.push(FileCase::new(
            format!("{name}.jpg"),
            jpeg::replace_frame_header(photo, marker, bits),
            ExpectedOutcome::Rejected(&["UnsupportedImage"]),
        ));
    }
    let mut animated = webp::with_exif(lossless, (512, 400), b"");
    // The animation bit in the flags of VP8X.
    animated[20] |= 0x02;
    cases.push(FileCase::new(
        "animated.webp",
        animated,
        ExpectedOutcome::Rejected(&["UnsupportedImage"]),
    ));
    Ok(cases)
}

/// Images that are too high or wide for JPEG: faces are detected, and only the annotated photo is rejected.
fn oversized() -> Result<Vec<FileCase>> {
    let mut cases = Vec::new();
    for size in [(40, 65_501), (40, 70_000), (90_000, 40)] {
        let file = png::blank(size, png::Pixels::Colour, 8, false)?;
        let name = format!("blank {}x{}.png", size.0, size.1);
        cases.push(FileCase::new(&name, file.clone(), ExpectedOutcome::Faces(0..=0)).via(WITHOUT_PHOTO));
        cases.push(FileCase::new(&name, file, ExpectedOutcome::FacesWithoutPhoto(0..=0)).via(WITH_PHOTO));
    }
    Ok(cases)
}
