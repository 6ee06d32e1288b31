//! The whole pipeline of a photo: decoding, detection of faces and eyes, and the annotated photo. The input is the file
//! and four bytes that select the options of detection.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use function::faces::{BoundingBox, Prediction};
use function::{FaceFunction, Faces};
use function::options::{CascadeOptions, DetectionOptions, DetectorOptions, EyeCascade, Preset, YuNetOptions};
use harness::Startup;
use harness::opencv_processor::OpenCvProcessor;
use harness::photo::resource_limits::ResourceLimits;
use harness::photo::{Format, Header, PhotoError};
use harness::picture::{PictureFormat, PictureRequest};
use harness::processor::{Processed, Processor, Task};
use libfuzzer_sys::{Corpus, fuzz_target};

/// The largest photo to decode.
const MAX_PIXELS: u64 = 4_000_000;
/// The largest photo for detection in full resolution; larger ones are scaled down. Sanitizers make detection about ten
/// times slower.
const MAX_DETECTED_PIXELS: u64 = 128 * 128;

/// Two threads, as Lambda provides at least two processors.
static OPENCV: LazyLock<OpenCvProcessor<FaceFunction>> =
    LazyLock::new(|| match FaceFunction::load(Startup { is_snapshot: true }) {
        Ok(function) => OpenCvProcessor::new(function, Some(2)),
        Err(failure) => panic!("{failure:?}"),
    });

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((file, choice)) = bytes.split_last_chunk() else {
        return Corpus::Reject;
    };
    // The target `header` covers files that are rejected here.
    let header = match Header::read(file) {
        Ok(header) if header.check_pixels(MAX_PIXELS, String::new).is_ok() => header,
        _ => return Corpus::Reject,
    };
    let task = Task {
        options: detection(*choice, &header),
        pictures: Some(PictureRequest {
            format: PictureFormat::JPEG,
            quality: i32::from(choice[3] % 100) + 1,
            max_bytes: Some(10_000),
        }),
        limits: ResourceLimits {
            deadline: Instant::now() + Duration::from_secs(600),
            // The checks would include the sanitizers' memory.
            memory: None,
        },
    };
    match OPENCV.process(file, &header, &task) {
        Ok(processed) => check(&processed, &header, &task.options),
        Err(PhotoError::Refused(_)) => {}
        Err(failure) => panic!("{failure:?}"),
    }
    Corpus::Keep
});

/// Options within the range that anyone may choose over HTTP.
fn detection([sizes, detector, numbers, _]: [u8; 4], header: &Header) -> DetectionOptions {
    let longest_side = match sizes & 3 {
        0 if header.pixels() <= MAX_DETECTED_PIXELS => 0,
        // As small as `with_bounded_cost` may make it.
        1 => 1 + u32::from(sizes >> 4),
        more => 64 + u32::from(more) * 16,
    };
    let (preset, detector) = match detector & 3 {
        0 => (Preset::Balanced, yunet(numbers)),
        // It enlarges small photos.
        2 => (Preset::Accurate, yunet(numbers)),
        _ => (Preset::Original, cascades(detector >> 4, numbers)),
    };
    DetectionOptions {
        preset,
        detector,
        min_face: u32::from(sizes >> 4 & 7) * 8,
        max_face: if sizes >> 7 == 1 { 64 } else { 0 },
        longest_side,
    }
}

fn yunet(number: u8) -> DetectorOptions {
    let score = 0.3 + 0.65 * f64::from(number) / 255.0;
    DetectorOptions::YuNet(YuNetOptions { score })
}

fn cascades(eyes: u8, numbers: u8) -> DetectorOptions {
    DetectorOptions::Cascades(CascadeOptions {
        scale_factor: 1.1 + f64::from(numbers & 3) * 0.2,
        face_neighbours: 1 + i32::from(numbers >> 2 & 7),
        eye_cascade: match eyes & 3 {
            0 => EyeCascade::None,
            1 => EyeCascade::EyeTreeEyeglasses,
            _ => EyeCascade::Eye,
        },
        eye_neighbours: 1 + i32::from(numbers >> 5 & 3),
    })
}

/// Panics if faces are outside the photo or not what the options ask for, or the annotated photo has another size or
/// format.
fn check(processed: &Processed<Faces>, header: &Header, options: &DetectionOptions) {
    let size = (processed.width, processed.height);
    let sizes = [(header.width, header.height), (header.height, header.width)];
    assert!(sizes.contains(&size), "{size:?} of {header:?}");
    let inside = |[x, y, width, height]: BoundingBox| {
        let ends = |from: i32, side: i32, most: u32| {
            from >= 0 && side > 0 && i64::from(from) + i64::from(side) <= i64::from(most)
        };
        ends(x, width, processed.width) && ends(y, height, processed.height)
    };
    for face in &processed.answer.faces {
        assert!(inside(face.rectangle), "{face:?} in {size:?}");
        assert!(face.eyes.iter().all(|eye| inside(*eye)), "{face:?} in {size:?}");
        match (&options.detector, &face.prediction) {
            (DetectorOptions::Cascades(_), None) => {}
            (DetectorOptions::YuNet(YuNetOptions { score }), Some(prediction)) => check_prediction(prediction, *score),
            _ => panic!("{face:?} by {options:?}"),
        }
    }
    let [annotated] = processed.pictures.as_slice() else {
        panic!("{} pictures instead of the requested one", processed.pictures.len());
    };
    let file = match &annotated.content {
        Ok(file) => file,
        Err(error) => {
            let most = PictureFormat::JPEG.max_side;
            assert!(size.0.max(size.1) > most, "{size:?}: {error}");
            return;
        }
    };
    let written = Header::read(file).expect("the annotated photo can be read");
    assert_eq!(written.format, Format::Jpeg);
    assert_eq!((written.width, written.height), size);
}

fn check_prediction(prediction: &Prediction, threshold: f64) {
    // Scores are rounded to three decimals.
    assert!((threshold - 0.001..=1.0).contains(&prediction.score), "{prediction:?}");
    let mut numbers = prediction.landmarks.points().into_iter().flatten();
    assert!(numbers.all(f64::is_finite), "{prediction:?}");
}
