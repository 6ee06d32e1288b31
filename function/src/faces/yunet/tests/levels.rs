//! Faces of all sizes, at all positions relative to tiles.

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC3, Scalar, randu, set_num_threads};

use super::*;
use crate::faces::{BoundingBox, cancellation};
use harness::testing::lock_opencv_globals;

/// The square of the portrait with the face, and the face's box in it.
const FACE_PART: [i32; 4] = [63, 0, 320, 320];
const FACE: BoundingBox = [115, 63, 90, 113];

/// The face with a longest side of `longest`, and the side of the square around it.
fn face_of(longest: i32) -> (Mat, i32) {
    let [x, y, width, height] = FACE_PART;
    let portrait = portrait();
    let part = Mat::roi(&portrait, Rect::new(x, y, width, height)).unwrap();
    let side = width * longest / FACE[3];
    let mut resized = Mat::default();
    let interpolation = if side < width {
        imgproc::INTER_AREA
    } else {
        imgproc::INTER_LINEAR
    };
    imgproc::resize(&part, &mut resized, Size::new(side, side), 0.0, 0.0, interpolation).unwrap();
    (resized, side)
}

fn grey(width: i32, height: i32) -> Mat {
    Mat::new_rows_cols_with_default(height, width, CV_8UC3, Scalar::all(128.0)).unwrap()
}

fn noise(width: i32, height: i32) -> Mat {
    let mut noise = grey(width, height);
    randu(&mut noise, &Scalar::all(0.0), &Scalar::all(256.0)).unwrap();
    noise
}

fn insert(photo: &mut Mat, part: &Mat, [x, y]: [i32; 2]) {
    let mut region = Mat::roi_mut(photo, Rect::new(x, y, part.cols(), part.rows())).unwrap();
    part.copy_to(&mut region).unwrap();
}

/// Whether the face is in the square that was inserted at this corner, with this side.
fn is_at(face: &Face, [x, y]: [i32; 2], side: i32) -> bool {
    let [left, top, width, height] = face.rectangle;
    let scaled = |length: i32| length * side / FACE_PART[2];
    let expected = [x + scaled(FACE[0] + FACE[2] / 2), y + scaled(FACE[1] + FACE[3] / 2)];
    let near = |a: i32, b: i32| (a - b).abs() <= 2 + scaled(FACE[2]) / 4;
    near(left + width / 2, expected[0]) && near(top + height / 2, expected[1])
}

/// Expects a face in each of the squares that were inserted at these corners, and no others.
fn assert_each_is_found_once(found: &[Face], corners: &[[i32; 2]], side: i32) {
    for corner in corners {
        let count = found.iter().filter(|face| is_at(face, *corner, side)).count();
        assert_eq!(count, 1, "{side} at {corner:?}: {found:?}");
    }
    assert_eq!(found.len(), corners.len(), "{side}: {found:?}");
}

/// The network's own answer.
fn predict(image: &Mat, score: f32) -> Vec<Values> {
    let mut rows = Mat::default();
    let mut detector = packed::yunet().unwrap();
    detector.set_input_size(image.size().unwrap()).unwrap();
    detector.set_score_threshold(score).unwrap();
    detector.detect(image, &mut rows).unwrap();
    let values = |row| *rows.at_row::<f32>(row).unwrap().first_chunk::<VALUES>().unwrap();
    (0..rows.rows()).map(|row| values(row).map(f64::from)).collect()
}

#[test]
fn only_accurate_finds_the_smallest_faces() {
    let _guard = lock_opencv_globals();
    for longest in [10, 12] {
        let (part, side) = face_of(longest);
        let mut photo = grey(600, 400);
        let corners = [[3, 3], [290, 150], [501, 333]];
        for corner in corners {
            insert(&mut photo, &part, corner);
        }
        let found = detect(&photo, Preset::Accurate, set_score(0.75)).unwrap();
        assert_each_is_found_once(&found, &corners, side);
        assert_eq!(detect(&photo, Preset::Balanced, set_score(0.75)).unwrap(), []);
    }
}

#[test]
fn every_preset_finds_a_face_that_fills_a_large_photo() {
    let _guard = lock_opencv_globals();
    let [left, top, width, height] = FACE;
    let portrait = portrait();
    let around = Rect::new(FACE_PART[0] + left - 10, top - 10, width + 20, height + 20);
    let mut photo = Mat::default();
    let size = Size::new(30 * around.width, 30 * around.height);
    imgproc::resize_def(&Mat::roi(&portrait, around).unwrap(), &mut photo, size).unwrap();
    for preset in YUNET_PRESETS {
        let found = detect(&photo, preset, |_| ()).unwrap();
        let [face] = found.as_slice() else {
            panic!("{preset}: {found:?}");
        };
        let expected = [10, 10, width, height].map(|length| 30 * length);
        let is_near = |(a, b): (i32, i32)| (a - b).abs() < 300;
        assert!(
            face.rectangle.into_iter().zip(expected).all(is_near),
            "{preset}: {found:?}"
        );
    }
}

#[test]
fn faces_at_seams_are_found_once() {
    let _guard = lock_opencv_globals();
    // A level of 2000x2000 has tiles with edges at 640, 768, 1280 and 1408.
    for (preset, photo_side, longest, step) in [
        (Preset::Balanced, 2000, 24, 5),
        (Preset::Balanced, 2000, 40, 10),
        (Preset::Balanced, 2000, 70, 21),
        (Preset::Balanced, 2000, 104, 31),
        (Preset::Balanced, 2000, 150, 47),
        (Preset::Balanced, 2000, 250, 97),
        (Preset::Accurate, 1000, 15, 5),
        (Preset::Accurate, 1000, 35, 11),
        (Preset::Accurate, 1000, 60, 29),
    ] {
        let (part, side) = face_of(longest);
        for swapped in [false, true] {
            let mut photo = grey(photo_side, photo_side);
            let mut corners = Vec::new();
            for index in 0..photo_side / (side + 4) {
                let (along, across) = (photo_side / 4 + index * step, index * (side + 4));
                let corner = if swapped { [across, along] } else { [along, across] };
                if along + side <= photo_side {
                    insert(&mut photo, &part, corner);
                    corners.push(corner);
                }
            }
            let change = |detection: &mut DetectionOptions| {
                detection.longest_side = 0;
                set_score(0.7)(detection);
            };
            let found = detect(&photo, preset, change).unwrap();
            assert_each_is_found_once(&found, &corners, side);
        }
    }
}

#[test]
fn levels_with_the_same_face_give_one() {
    let _guard = lock_opencv_globals();
    let (photo, side) = face_of(300);
    let half_side = (side + 1) / 2;
    let half = downscale(&photo, Size::new(half_side, half_side)).unwrap();
    let scores = [&photo, &half].map(|level| match predict(level, 0.8).as_slice() {
        [[.., score]] => *score,
        faces => panic!("{faces:?}"),
    });
    let [face] = <[Face; 1]>::try_from(detect(&photo, Preset::Balanced, |_| ()).unwrap()).unwrap();
    let score = face.prediction.unwrap().score;
    assert!((score - scores[0].max(scores[1])).abs() < 0.001);
}

#[test]
fn small_photos_have_the_networks_own_answer() {
    let _guard = lock_opencv_globals();
    let (part, _) = face_of(60);
    let mut photo = grey(512, 500);
    for corner in [[0, 0], [160, 10], [330, 320], [150, 330]] {
        insert(&mut photo, &part, corner);
    }
    let scaling = Scaling::new((512, 500), 0);
    let values = predict(&photo, 0.3).into_iter();
    let expected: Vec<_> = values.filter_map(|values| prediction::face(values, scaling)).collect();
    assert!(expected.len() >= 3);
    assert_eq!(detect(&photo, Preset::Balanced, set_score(0.3)).unwrap(), expected);
}

#[test]
fn faces_do_not_depend_on_the_number_of_threads() {
    let _guard = lock_opencv_globals();
    let mut photo = noise(1500, 1100);
    for (index, longest) in (0..).zip([14, 30, 60, 90]) {
        insert(&mut photo, &face_of(longest).0, [300 * index + 100, 431]);
    }
    let found = [1, 2, 4].map(|threads| {
        set_num_threads(threads).unwrap();
        detect(&photo, Preset::Accurate, set_score(0.3)).unwrap()
    });
    set_num_threads(-1).unwrap();
    assert!(found[0].len() >= 4);
    assert!(found[0] == found[1] && found[0] == found[2]);
}

#[test]
fn detection_stops_at_the_deadline() {
    let _guard = lock_opencv_globals();
    let photo = noise(4000, 3000);
    let start = Instant::now();
    let found = cancellation::with_deadline(start + Duration::from_millis(50), || {
        detect(&photo, Preset::Accurate, |_| ())
    });
    assert!(found.is_err());
    // All tiles take more than a second.
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}
