//! Photos as tools and phones make them, and files that are made to hurt, each with its right answer.

mod memory;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use opencv::core::{Mat, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use super::*;
use crate::options::Preset;
use crate::photo::container::webp::tests as webp;
use crate::photo::decode::png::tests::kinds::chunk;
use crate::photo::orientation::tests::block;
use crate::photo::pixels::tests::watch;

/// The SDK's sample with one face.
fn lena() -> Mat {
    let path = Path::new(env!("OPENCV_SDK")).join("share/samples/lena.jpg");
    let file = fs::read(path).unwrap();
    imgcodecs::imdecode(&Mat::from_slice(&file).unwrap(), imgcodecs::IMREAD_COLOR).unwrap()
}

fn encoded(name: &str, picture: &Mat) -> Vec<u8> {
    let mut file = Vector::<u8>::new();
    assert!(imgcodecs::imencode_def(name, picture, &mut file).unwrap());
    file.to_vec()
}

/// What is seen in a file with half a gigabyte of memory, as Lambda's events have it.
fn look(file: &[u8], annotate: Option<i32>) -> Result<Seen, Failure> {
    let header = Header::read(file).map_err(Failure::Photo)?;
    header.within(100_000_000).map_err(Failure::Photo)?;
    let detection = Preset::Original.options().detection;
    let machine = crate::machine::Machine::of(Some("512"));
    machine.holds(&header, &detection).map_err(Failure::Photo)?;
    let task = Task {
        detection,
        annotate,
        watch: watch(),
    };
    OpenCv::new(Some(1), false)
        .unwrap()
        .look(file, &header, &task)
}

/// The size and the number of faces, or the refusal's name.
fn seen(file: &[u8]) -> Result<(u32, u32, usize), String> {
    match look(file, None) {
        Ok(seen) => Ok((seen.width, seen.height, seen.faces.len())),
        Err(Failure::Photo(refusal)) => Err(refusal.name().to_owned()),
        Err(failure) => Err(format!("{failure:?}")),
    }
}

/// The sample on its side, with the orientation that says so, in each format.
#[test]
fn a_photo_on_its_side_is_turned() {
    let _alone = crate::vision::alone();
    let mut side = Mat::default();
    opencv::core::rotate(&lena(), &mut side, opencv::core::ROTATE_90_COUNTERCLOCKWISE).unwrap();
    let side = Mat::roi(&side, opencv::core::Rect::new(0, 0, 512, 500))
        .unwrap()
        .try_clone()
        .unwrap();
    let exif = block(6);
    let jpeg = encoded(".jpg", &side);
    assert_eq!(seen(&jpeg), Ok((512, 500, 0)));
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
        assert_eq!(seen(&file), Ok((500, 512, 1)));
    }
}

#[test]
fn what_is_higher_than_a_jpeg_may_be_has_faces_and_no_annotated_file() {
    let _alone = crate::vision::alone();
    let mut high = Mat::default();
    opencv::core::copy_make_border_def(
        &lena(),
        &mut high,
        0,
        66_000 - 512,
        0,
        0,
        opencv::core::BORDER_CONSTANT,
    )
    .unwrap();
    let seen = look(&encoded(".png", &high), Some(95)).unwrap();
    assert_eq!(
        (seen.width, seen.height, seen.faces.len()),
        (512, 66_000, 1)
    );
    let error = seen.annotated.unwrap().unwrap_err();
    assert_eq!((error.name(), error.status()), ("AnnotatedTooLarge", 413));
    let said = error.to_string();
    assert!(
        said.contains("512x66000") && said.contains("65500"),
        "{said}"
    );
}

/// Files that are made for this, from where they are if they are there.
fn cases(folder: &str) -> Option<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/cases")
        .join(folder);
    if cases.is_dir() {
        return Some(cases);
    }
    println!("skipped: `{}` is not there", cases.display());
    None
}

#[test]
fn photos_of_tools_and_phones() {
    let _alone = crate::vision::alone();
    let Some(folder) = cases("photos") else {
        return;
    };
    let refused = |name: &str| Err(name.to_owned());
    let one = Ok((512, 400, 1));
    for (name, expected) in [
        ("upright.png", one.clone()),
        ("exif-6-plain.jpg", one.clone()),
        ("exif-6-after-xmp.jpg", one.clone()),
        ("exif-6.webp", one.clone()),
        ("samsung-no-eoi-trailer.jpg", one),
        ("12-bit.jpg", refused("UnsupportedImage")),
        ("scans-1000-of-14-megapixels.jpg", refused("TooMuchWork")),
    ] {
        let file = fs::read(folder.join(name)).unwrap();
        assert_eq!(seen(&file), expected, "{name}");
    }
    let file = fs::read(folder.join("512x66000.png")).unwrap();
    let seen = look(&file, Some(95)).unwrap();
    assert!(!seen.faces.is_empty());
    assert_eq!(
        seen.annotated.unwrap().unwrap_err().name(),
        "AnnotatedTooLarge"
    );
}

#[test]
fn files_that_are_made_to_hurt() {
    let _alone = crate::vision::alone();
    let Some(folder) = cases("hostile") else {
        return;
    };
    let refused = |name: &str| Err(name.to_owned());
    for (name, expected) in [
        ("webp-cve-2023-4863-crash.webp", refused("PhotoDamaged")),
        ("png-ztxt-100x8MB.png", Ok((64, 64, 0))),
        ("png-exif-1MB-6000-entries.png", Ok((64, 64, 0))),
        ("jpeg-2000-scans-4000x3000.jpg", refused("TooMuchWork")),
    ] {
        let file = fs::read(folder.join(name)).unwrap();
        let start = Instant::now();
        let found = seen(&file);
        println!("{name}: {found:?} in {:?}", start.elapsed());
        assert_eq!(found, expected, "{name}");
        assert!(start.elapsed() < Duration::from_secs(1), "{name}");
    }
}
