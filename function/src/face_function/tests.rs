//! Photos from tools and phones, and hostile files, each with its expected result.

mod memory;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use opencv::core::{Mat, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use harness::machine::Machine;
use harness::opencv_processor::OpenCvProcessor;
use harness::photo::Header;
use harness::picture::{PictureFormat, PictureRequest};
use harness::processor::{Processed, Processor, Task};
use harness::testing::png::chunk;
use harness::testing::{exif_block, lock_opencv_globals, unlimited, webp};

use super::*;
use crate::options::Preset;

/// The sample with one face.
fn portrait() -> Mat {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/eileen-collins.jpg");
    let file = fs::read(path).unwrap();
    imgcodecs::imdecode(&Mat::from_slice(&file).unwrap(), imgcodecs::IMREAD_COLOR).unwrap()
}

fn encoded(name: &str, image: &Mat) -> Vec<u8> {
    let mut file = Vector::<u8>::new();
    assert!(imgcodecs::imencode_def(name, image, &mut file).unwrap());
    file.to_vec()
}

/// Detection as in direct events, with the checks of the pipeline and half a gigabyte of memory.
fn detect(file: &[u8], quality: Option<i32>) -> Result<Processed<Faces>, PhotoError> {
    detect_with(Preset::Original, file, quality)
}

fn detect_with(preset: Preset, file: &[u8], quality: Option<i32>) -> Result<Processed<Faces>, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    header
        .check_pixels(100_000_000, String::new)
        .map_err(PhotoError::Refused)?;
    let options = preset.options();
    let machine = Machine::with_memory(512);
    machine.check_memory(&header, &options).map_err(PhotoError::Refused)?;
    processor(1).process(file, &header, &task(options, quality))
}

fn processor(threads: u32) -> OpenCvProcessor<FaceFunction> {
    let function = FaceFunction::load(Startup { is_snapshot: false }).unwrap();
    OpenCvProcessor::new(function, Some(threads))
}

/// An annotated photo of this quality is requested, if any.
fn task(options: DetectionOptions, quality: Option<i32>) -> Task<DetectionOptions> {
    Task {
        options,
        pictures: quality.map(|quality| PictureRequest {
            format: PictureFormat::JPEG,
            quality,
            max_bytes: None,
        }),
        limits: unlimited(),
    }
}

/// The size and the number of faces, or the refusal's name.
fn faces_or_refusal(file: &[u8]) -> Result<(u32, u32, usize), String> {
    match detect(file, None) {
        Ok(found) => Ok((found.width, found.height, found.answer.faces.len())),
        Err(PhotoError::Refused(refusal)) => Err(refusal.name().to_owned()),
        Err(failure) => Err(format!("{failure:?}")),
    }
}

/// The sample rotated by 90 degrees, with the matching orientation, in each format.
#[test]
fn photos_are_rotated_by_their_exif_orientation() {
    let _guard = lock_opencv_globals();
    let mut side = Mat::default();
    opencv::core::rotate(&portrait(), &mut side, opencv::core::ROTATE_90_COUNTERCLOCKWISE).unwrap();
    let side = Mat::roi(&side, opencv::core::Rect::new(0, 0, 512, 500))
        .unwrap()
        .try_clone()
        .unwrap();
    let exif = exif_block(6);
    let jpeg = encoded(".jpg", &side);
    assert_eq!(faces_or_refusal(&jpeg), Ok((512, 500, 0)));
    let segment = |content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [b"\xff\xe1", &length[..], content].concat()
    };
    let xmp = segment(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>");
    let named = segment(&[b"Exif\0\0", &exif[..]].concat());
    let after_xmp = [&jpeg[..2], &xmp, &named, &jpeg[2..]].concat();
    let png = encoded(".png", &side);
    let png = [&png[..33], &chunk(b"eXIf", &exif), &png[33..]].concat();
    let lossy = encoded(".webp", &side);
    let extended = webp::chunk(b"VP8X", &[8, 0, 0, 0, 255, 1, 0, 243, 1, 0]);
    let lossy = webp::file(&[extended, lossy[12..].to_vec(), webp::chunk(b"EXIF", &exif)]);
    for file in [after_xmp, png, lossy] {
        assert_eq!(faces_or_refusal(&file), Ok((500, 512, 1)));
    }
}

/// As on Managed Instances, where each photo has a function and a thread of its own.
#[test]
fn photos_at_the_same_time_have_the_results_of_one_alone() {
    let _guard = lock_opencv_globals();
    let file = &encoded(".jpg", &portrait());
    let header = &Header::read(file).unwrap();
    let load = |_| FaceFunction::load(Startup { is_snapshot: false }).unwrap();
    let processor = &OpenCvProcessor::with_functions((0..3).map(load).collect());
    processor.prepare();
    let result = |found: Processed<Faces>| {
        let picture = found.pictures.into_iter().next().unwrap().content.unwrap();
        (serde_json::json!(found.answer), picture)
    };
    for preset in [Preset::Original, Preset::Balanced, Preset::Accurate] {
        let alone = result(detect_with(preset, file, Some(90)).unwrap());
        std::thread::scope(|scope| {
            let process = || processor.process(file, header, &task(preset.options(), Some(90)));
            let threads: Vec<_> = (0..9).map(|_| scope.spawn(process)).collect();
            for thread in threads {
                assert!(result(thread.join().unwrap().unwrap()) == alone, "{preset:?}");
            }
        });
    }
}

/// A large photo is decoded smaller for detection, and again to draw on it.
#[test]
fn faces_do_not_depend_on_the_annotated_photo() {
    let _guard = lock_opencv_globals();
    let mut large = Mat::default();
    let size = opencv::core::Size::new(2048, 2048);
    opencv::imgproc::resize_def(&portrait(), &mut large, size).unwrap();
    for (format, preset) in [
        (".jpg", Preset::Fast),
        (".jpg", Preset::Balanced),
        (".png", Preset::Balanced),
        (".jpg", Preset::Original),
    ] {
        let file = encoded(format, &large);
        let plain = detect_with(preset, &file, None).unwrap();
        let annotated = detect_with(preset, &file, Some(95)).unwrap();
        assert_eq!(plain.answer, annotated.answer);
        assert!(plain.pictures.is_empty());
        assert_eq!(plain.answer.faces[0].prediction.is_some(), preset != Preset::Original);
        let annotated = annotated.pictures[0].content.clone().unwrap();
        let header = Header::read(&annotated).unwrap();
        assert_eq!((header.width, header.height), (2048, 2048), "{format} {preset}");
    }
}

#[test]
fn photos_too_high_for_jpeg_have_faces_but_no_annotated_file() {
    let _guard = lock_opencv_globals();
    let mut high = Mat::default();
    opencv::core::copy_make_border_def(
        &portrait(),
        &mut high,
        0,
        66_000 - 512,
        0,
        0,
        opencv::core::BORDER_CONSTANT,
    )
    .unwrap();
    let detections = detect(&encoded(".png", &high), Some(95)).unwrap();
    assert_eq!(
        (detections.width, detections.height, detections.answer.faces.len()),
        (512, 66_000, 1)
    );
    let error = detections.pictures[0].content.clone().unwrap_err();
    assert_eq!((error.name(), error.status()), ("AnnotatedTooLarge", 413));
    let message = error.to_string();
    assert!(message.contains("512x66000") && message.contains("65500"), "{message}");
}

/// A folder of test files, if it exists.
fn case_folder(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/cases")
        .join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: `{}` does not exist", folder.display());
    None
}

#[test]
fn photos_from_tools_and_phones() {
    let _guard = lock_opencv_globals();
    let Some(folder) = case_folder("photos") else {
        return;
    };
    let refusal_name = |name: &str| Err(name.to_owned());
    let one = Ok((512, 400, 1));
    for (name, expected) in [
        ("upright.png", one.clone()),
        ("exif-6-plain.jpg", one.clone()),
        ("exif-6-after-xmp.jpg", one.clone()),
        ("exif-6.webp", one.clone()),
        ("samsung-no-eoi-trailer.jpg", one),
        ("12-bit.jpg", refusal_name("UnsupportedImage")),
        ("scans-1000-of-14-megapixels.jpg", refusal_name("TooMuchWork")),
    ] {
        let file = fs::read(folder.join(name)).unwrap();
        assert_eq!(faces_or_refusal(&file), expected, "{name}");
    }
    let file = fs::read(folder.join("512x66000.png")).unwrap();
    let detections = detect(&file, Some(95)).unwrap();
    assert!(!detections.answer.faces.is_empty());
    let error = detections.pictures[0].content.as_ref().unwrap_err();
    assert_eq!(error.name(), "AnnotatedTooLarge");
}

#[test]
fn hostile_files_are_handled_fast() {
    let _guard = lock_opencv_globals();
    let Some(folder) = case_folder("hostile") else {
        return;
    };
    let refusal_name = |name: &str| Err(name.to_owned());
    for (name, expected) in [
        ("webp-cve-2023-4863-crash.webp", refusal_name("PhotoDamaged")),
        ("png-ztxt-100x8MB.png", Ok((64, 64, 0))),
        ("png-exif-1MB-6000-entries.png", Ok((64, 64, 0))),
        ("jpeg-2000-scans-4000x3000.jpg", refusal_name("TooMuchWork")),
    ] {
        let file = fs::read(folder.join(name)).unwrap();
        let start = Instant::now();
        let found = faces_or_refusal(&file);
        println!("{name}: {found:?} in {:?}", start.elapsed());
        assert_eq!(found, expected, "{name}");
        assert!(start.elapsed() < Duration::from_secs(1), "{name}");
    }
}
