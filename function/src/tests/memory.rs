//! The memory that photos need, and its limit.

use harness::machine::{Machine, peak_memory};
use harness::photo::orientation::Orientation;
use harness::photo::{Format, Header};

use crate::options::Preset;

#[test]
fn a_photo_over_the_memory_is_refused_unless_scaled_down() {
    let header = Header {
        format: Format::Jpeg,
        width: 6000,
        height: 4000,
        grey: false,
        orientation: Orientation::Upright,
        file_bytes: 8_000_000,
        decoder_bytes: 0,
    };
    let mut detection = Preset::Original.options();
    let small = Machine::with_memory(320);
    let refusal = small.check_memory(&header, &detection).unwrap_err();
    assert_eq!(refusal.name(), "NotEnoughMemory");
    Machine::with_memory(2048).check_memory(&header, &detection).unwrap();
    Machine::default().check_memory(&header, &detection).unwrap();
    detection.longest_side = 640;
    small.check_memory(&header, &detection).unwrap();
    // The defaults of new events accept phone photos with half a gigabyte.
    let balanced = Preset::Balanced.options();
    Machine::with_memory(512).check_memory(&header, &balanced).unwrap();
}

#[test]
fn tiles_take_the_same_memory_for_larger_photos() {
    let header = Header {
        format: Format::Png,
        width: 6000,
        height: 4000,
        grey: false,
        orientation: Orientation::Upright,
        file_bytes: 45,
        decoder_bytes: 0,
    };
    let accurate = Preset::Accurate.options();
    let larger = Header {
        width: 12_000,
        ..header
    };
    let added = peak_memory(&larger, &accurate) - peak_memory(&header, &accurate);
    // Only those for the photo's own pixels and the smaller levels.
    assert_eq!(added, header.pixels() * 10);
}

#[test]
fn huge_sides_do_not_overflow() {
    let header = Header {
        format: Format::Png,
        width: u32::MAX,
        height: u32::MAX,
        grey: false,
        orientation: Orientation::Upright,
        file_bytes: 45,
        decoder_bytes: 0,
    };
    let detection = Preset::Balanced.options();
    let refusal = Machine::with_memory(10240).check_memory(&header, &detection);
    assert_eq!(refusal.unwrap_err().name(), "NotEnoughMemory");
}
