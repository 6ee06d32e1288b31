//! The table of options: name, field, valid values and setter of each. Anyone may set them.

use harness::options::{OptionSpec, SetBy, in_range, parsed, store};

use super::{DetectionOptions, DetectorOptions};

/// The maximum side in pixels; no JPEG or WebP file has a longer side.
const MAX_SIDE: u32 = 65_535;

/// `Some` of a borrowed field of [`DetectionOptions`], or of a detector's own options; `None` if those are the other
/// detector's.
macro_rules! field {
    ([$($borrow:tt)+] $options:ident, Cascades.$field:ident) => {
        match $($borrow)+ $options.detector {
            DetectorOptions::Cascades(own) => Some($($borrow)+ own.$field),
            DetectorOptions::YuNet(_) => None,
        }
    };
    ([$($borrow:tt)+] $options:ident, YuNet.$field:ident) => {
        match $($borrow)+ $options.detector {
            DetectorOptions::YuNet(own) => Some($($borrow)+ own.$field),
            DetectorOptions::Cascades(_) => None,
        }
    };
    ([$($borrow:tt)+] $options:ident, $field:ident) => { Some($($borrow)+ $options.$field) };
}

/// Rows of name, field as in [`field!`], parser, and valid values.
macro_rules! option_specs {
    ($($name:literal $($field:ident).+, $parse:expr, $allowed:expr;)*) => {
        &[$(OptionSpec {
            name: $name,
            settable_by: SetBy::Anyone,
            allowed: $allowed,
            show: |options| field!([&] options, $($field).+).map(|value| value.to_string()),
            set: |options, value| {
                let value = $parse(value);
                match field!([&mut] options, $($field).+) {
                    Some(field) => store(value, field),
                    None => value.is_some(),
                }
            },
        }),*]
    };
}

/// A test checks that the README lists every option with the presets' values.
pub const OPTION_SPECS: &[OptionSpec<DetectionOptions>] = option_specs! {
    "score" YuNet.score, |value| in_range(0.3, 0.95, value), "a number from 0.3 to 0.95";
    "scale_factor" Cascades.scale_factor, |value| in_range(1.01, 2.0, value), "a number from 1.01 to 2";
    "face_neighbours" Cascades.face_neighbours, |value| in_range(0, 100, value), "a whole number from 0 to 100";
    "eye_cascade" Cascades.eye_cascade, parsed, "`eye`, `eye_tree_eyeglasses` or `none`";
    "eye_neighbours" Cascades.eye_neighbours, |value| in_range(0, 100, value), "a whole number from 0 to 100";
    "min_face" min_face, |value| in_range(0, MAX_SIDE, value), "a whole number of pixels from 0 to 65535";
    "max_face" max_face, |value| in_range(0, MAX_SIDE, value), "a whole number of pixels from 0 to 65535";
    "longest_side" longest_side, longest_side, "0, or a whole number of pixels from 64 to 65535";
};

fn longest_side(value: &str) -> Option<u32> {
    in_range(0, MAX_SIDE, value).filter(|side| *side == 0 || *side >= 64)
}
